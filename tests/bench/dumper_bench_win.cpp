// SPDX-License-Identifier: Apache-2.0
// dumper_bench [--mib N] [--rounds N] [--json]
//
// Dumps one big process again and again, by MiniDumpWriteDump and by Vigil's own writer in turns,
// and compares time, standstill and size. Each dump is read back and checked before it is deleted.
#include "capture/win/windows.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/utf.h"
#include "bench/bench_table.h"
#include "bench/dump_writers_win.h"

namespace vigil::bench {
namespace {

using rules::DumpKind;

constexpr int kUsage = 2;

struct Options {
  std::uint64_t be_big = 0;  ///< Not 0: be the process that is dumped.
  std::uint64_t mebibytes = 500;
  std::uint64_t rounds = 3;
  bool json = false;
};

std::optional<Options> parse(std::span<char* const> arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view option = arguments[i];
    if (option == "--json") {
      options.json = true;
      continue;
    }
    if (++i == arguments.size()) return std::nullopt;
    constexpr int kDecimal = 10;
    const std::uint64_t number = std::strtoull(arguments[i], nullptr, kDecimal);
    if (number == 0) return std::nullopt;
    if (option == "--mib") {
      options.mebibytes = number;
    } else if (option == "--rounds") {
      options.rounds = number;
    } else if (option == "--be-big") {
      options.be_big = number;
    } else {
      return std::nullopt;
    }
  }
  return options;
}

/// One writer with one kind of dump, and what was measured of it.
struct Subject {
  Writer writer;
  DumpKind kind;
  std::vector<Measured> rounds{};

  [[nodiscard]] Spread spread(double Measured::* value) const {
    std::vector<double> values;
    for (const auto& round : rounds) values.push_back(round.*value);
    return spread_of(std::move(values));
  }
};

struct Results {
  std::string machine;
  std::size_t threads = 0;
  Extent extent;
  std::vector<double> reading, writing;
  std::vector<Subject> subjects;
};

/// `Wine 8.0, whose dbghelp it is` or `Windows 10.0.20348`
std::string machine(const capture::Nt& nt) {
  const auto processors = std::thread::hardware_concurrency();
  const auto ntdll = ::GetModuleHandleW(L"ntdll.dll");
  if (const auto found = ::GetProcAddress(ntdll, "wine_get_version"); found != nullptr) {
    const auto version = reinterpret_cast<const char*(CDECL*)()>(reinterpret_cast<void*>(found));
    return fmt::format("Wine {}, whose dbghelp it is, {} processors", version(), processors);
  }
  OSVERSIONINFOEXW version{};
  version.dwOSVersionInfoSize = sizeof(version);
  nt.get_version(&version);
  return fmt::format("Windows {}.{}.{}, {} processors", version.dwMajorVersion,
                     version.dwMinorVersion, version.dwBuildNumber, processors);
}

/// A new folder under the user's folder for temporary files; gone with this object.
class WorkFolder {
 public:
  WorkFolder()
      : path_(std::filesystem::temp_directory_path() /
              fmt::format("vigil-bench-{}", ::GetCurrentProcessId())) {
    std::filesystem::create_directories(path_);
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  ~WorkFolder() {
    std::error_code ignored;  // What is left in a folder for temporary files does little harm.
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::filesystem::path file(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

Status run_round(const capture::Nt& nt,
                 const BigProcess& big,
                 const WorkFolder& folder,
                 Results& results) {
  const auto dump = folder.file("bench.dmp");
  VIGIL_TRY_ASSIGN(const auto reading, time_reading(big.handle()));
  VIGIL_TRY_ASSIGN(const auto writing, time_writing(results.extent.readable_bytes, dump));
  results.reading.push_back(reading);
  results.writing.push_back(writing);
  std::filesystem::remove(dump);
  for (auto& subject : results.subjects) {
    VIGIL_TRY_ASSIGN(const auto measured, write_dump(nt, big, subject.writer, subject.kind, dump));
    subject.rounds.push_back(measured);
    if (auto checked = check_dump(dump, big, subject.kind); !checked.ok()) {
      return std::move(checked).take_error().with_context(
          fmt::format("{}, {}", to_string(subject.writer), rules::to_string(subject.kind)));
    }
    std::filesystem::remove(dump);
  }
  return {};
}

Result<Results> measure(const Options& options) {
  VIGIL_TRY_ASSIGN(const auto nt, capture::Nt::load());
  VIGIL_TRY_ASSIGN(const auto big, BigProcess::start(options.mebibytes));
  const WorkFolder folder;
  Results results{.machine = machine(nt),
                  .threads = big.threads(),
                  .extent = extent_of(big.handle()),
                  .reading = {},
                  .writing = {},
                  .subjects = {}};
  for (const auto kind : {DumpKind::Full, DumpKind::Mini}) {
    for (const auto writer : {Writer::Dbghelp, Writer::Native, Writer::NativeZstd})
      results.subjects.push_back({.writer = writer, .kind = kind});
  }
  Results warm_up = results;
  VIGIL_TRY(run_round(nt, big, folder, warm_up));
  for (std::uint64_t round = 1; round <= options.rounds; ++round) {
    std::fprintf(stderr, "round %u of %u\n", static_cast<unsigned>(round),
                 static_cast<unsigned>(options.rounds));
    VIGIL_TRY(run_round(nt, big, folder, results));
  }
  return results;
}

/// The row that \p subject is compared with: MiniDumpWriteDump's of its kind.
const Subject& base_of(const Results& results, const Subject& subject) {
  return *std::ranges::find_if(results.subjects, [&](const Subject& other) {
    return other.kind == subject.kind && other.writer == Writer::Dbghelp;
  });
}

struct Ratios {
  double faster, shorter_held, smaller;
};
Ratios compare(const Results& results, const Subject& subject) {
  const auto& base = base_of(results, subject);
  const auto ratio = [&](double Measured::* value) {
    return base.spread(value).median / subject.spread(value).median;
  };
  return {.faster = ratio(&Measured::seconds),
          .shorter_held = ratio(&Measured::suspended),
          .smaller = static_cast<double>(base.rounds.back().file_bytes) /
                     static_cast<double>(subject.rounds.back().file_bytes)};
}

std::string to_text(const Results& results) {
  std::vector<Row> rows{{"writer", "kind", "time", "suspended", "longest pause", "dump", "on disk",
                         "faster", "shorter held", "smaller"}};
  for (const auto& subject : results.subjects) {
    const auto ratios = compare(results, subject);
    rows.push_back(
        {std::string(to_string(subject.writer)), std::string(rules::to_string(subject.kind)),
         duration_text(subject.spread(&Measured::seconds)),
         duration_text(subject.spread(&Measured::suspended)),
         duration_text(subject.spread(&Measured::longest_pause)),
         size_text(subject.rounds.back().dump_bytes), size_text(subject.rounds.back().file_bytes),
         ratio_text(ratios.faster), ratio_text(ratios.shorter_held), ratio_text(ratios.smaller)});
  }
  const auto& extent = results.extent;
  return fmt::format(
      "A process with {} committed ({} readable) in {} regions, and {} threads: a third zeros, "
      "a third like a log,\na third noise. {}.\n"
      "Floor: all of it read with ReadProcessMemory, {}; as much written and flushed, {}.\n\n"
      "{}\n"
      "Median (range) of {} rounds after one to warm up, all writers in turns. Time: until the "
      "file "
      "is flushed to the disk.\nSuspended: MiniDumpWriteDump holds the process for the whole of "
      "its "
      "call; the native writer until it has read the\nmemory. Longest pause: what a thread of the "
      "process saw. Each dump was read back and compared with the process.\n",
      size_text(extent.committed_bytes), size_text(extent.readable_bytes), extent.regions,
      results.threads, results.machine, duration_text(spread_of(results.reading)),
      duration_text(spread_of(results.writing)), table_text(rows), results.reading.size());
}

nlohmann::ordered_json to_json(const Spread& spread) {
  return {{"median_s", spread.median}, {"min_s", spread.least}, {"max_s", spread.most}};
}

std::string to_json(const Results& results) {
  auto dumps = nlohmann::ordered_json::array();
  for (const auto& subject : results.subjects) {
    const auto ratios = compare(results, subject);
    dumps.push_back({{"writer", to_string(subject.writer)},
                     {"kind", rules::to_string(subject.kind)},
                     {"time", to_json(subject.spread(&Measured::seconds))},
                     {"suspended", to_json(subject.spread(&Measured::suspended))},
                     {"longest_pause", to_json(subject.spread(&Measured::longest_pause))},
                     {"dump_bytes", subject.rounds.back().dump_bytes},
                     {"file_bytes", subject.rounds.back().file_bytes},
                     {"faster", ratios.faster},
                     {"shorter_held", ratios.shorter_held},
                     {"smaller", ratios.smaller}});
  }
  const nlohmann::ordered_json all{{"machine", results.machine},
                                   {"rounds", results.reading.size()},
                                   {"threads", results.threads},
                                   {"regions", results.extent.regions},
                                   {"committed_bytes", results.extent.committed_bytes},
                                   {"readable_bytes", results.extent.readable_bytes},
                                   {"floor_reading", to_json(spread_of(results.reading))},
                                   {"floor_writing", to_json(spread_of(results.writing))},
                                   {"dumps", std::move(dumps)}};
  return all.dump(2) + '\n';
}

}  // namespace
}  // namespace vigil::bench

int main(int argc, char** argv) {
  using namespace vigil::bench;
  const auto options = parse(std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
  if (!options) {
    std::fputs("usage: dumper_bench [--mib N] [--rounds N] [--json]\n", stderr);
    return kUsage;
  }
  if (options->be_big != 0) return be_big_process(options->be_big);
  const auto results = measure(*options);
  if (!results.ok()) {
    std::fprintf(stderr, "dumper_bench: %s\n", results.error().message().c_str());
    return EXIT_FAILURE;
  }
  const auto text = options->json ? to_json(*results) : to_text(*results);
  std::fputs(text.c_str(), stdout);
  return EXIT_SUCCESS;
}
