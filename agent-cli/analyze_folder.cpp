// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "analyze.h"
#include "base/utf.h"
#include "base/words.h"
#include "output.h"
#include "platform/platform.h"
#include "report/report.h"
#include "report_source.h"
#include "text.h"

namespace vigil::cli {
namespace {

namespace fs = std::filesystem;

bool is_dump_name(const fs::path& path) {
  const auto name = ascii_lower(utf8_from_path(path.filename()));
  for (const std::string_view ending : {".dmp", ".dmp.zst", ".mdmp"}) {
    if (name.size() > ending.size() && name.ends_with(ending)) return true;
  }
  return false;
}

/// How far it is, on the terminal's last line, rewritten for each dump.
class Progress {
 public:
  explicit Progress(std::size_t total) : total_(total), shown_(platform::stderr_is_terminal()) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void next() {
    if (shown_) say(fmt::format("\r{} of {} ({} %)\x1b[K", done_, total_, done_ * 100 / total_));
    ++done_;
  }
  void clear() {
    if (shown_ && done_ > 0) say("\r\x1b[K");
  }

 private:
  std::size_t total_, done_ = 0;
  bool shown_;
};

/// What one run over a folder found.
struct Tally {
  std::map<std::string, std::size_t> by_signature;
  std::size_t failed = 0, partial = 0;
};

void print_json_item(const std::string& name, const Result<report::Report>& report, bool first) {
  std::string item = first ? "" : ",\n";
  item += fmt::format("{{\"file\":{},", nlohmann::json(name).dump(-1, ' ', true));
  if (report.ok()) {
    item += fmt::format("\"report\":{}}}", report::to_json(*report, false));
  } else {
    item += error_json(report.error()).substr(1);
  }
  print(item);
}

void print_line(const Context& context,
                const std::string& name,
                const Result<report::Report>& report) {
  const auto text = report.ok() ? report->synopsis : "not analyzed: " + report.error().message();
  print(fmt::format("{}  {}\n", bold(context, one_line(name)), one_line(text)));
}

void print_tally(const Context& context, const Tally& tally, std::size_t total) {
  std::vector<std::pair<std::string, std::size_t>> signatures(tally.by_signature.begin(),
                                                              tally.by_signature.end());
  std::ranges::sort(signatures, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  print(fmt::format("\n{}\n", bold(context, "COUNT  SIGNATURE")));
  for (const auto& [signature, count] : signatures)
    print(fmt::format("{:>5}  {}\n", count, one_line(signature)));
  say(fmt::format("{} analyzed, {} of them in part; {} could not be read\n",
                  counted(total - tally.failed, "dump"), tally.partial, tally.failed));
}

}  // namespace

Error no_dump_in(const fs::path& folder) {
  return {Errc::NotFound,
          fmt::format("{} holds no dump (.dmp, .dmp.zst, .mdmp)", utf8_from_path(folder))};
}

Result<std::vector<fs::path>> dumps_in(const fs::path& folder) {
  std::vector<fs::path> dumps;
  std::error_code error;
  for (auto it = fs::directory_iterator(folder, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    if (is_dump_name(it->path()) && !it->is_directory(error)) dumps.push_back(it->path());
  }
  if (error) {
    return Error{Errc::Io,
                 fmt::format("cannot read {}: {}", utf8_from_path(folder), error.message())};
  }
  std::ranges::sort(dumps);
  return dumps;
}

ExitCode analyze_folder(const Context& context, const fs::path& folder, symbols::Library& library) {
  const auto dumps = dumps_in(folder);
  const auto refuse = [&context](const Error& error) {
    if (context.json) print(error_json(error) + "\n");
    return report_error(error);
  };
  if (!dumps.ok()) return refuse(dumps.error());
  if (dumps->empty()) return refuse(no_dump_in(folder));
  Tally tally;
  Progress progress(dumps->size());
  if (context.json) print("[");
  for (const auto& dump : *dumps) {
    progress.next();
    const auto report = report_of_dump(dump, library);
    // Any bytes may be a file's name on Linux, and JSON takes only UTF-8.
    const auto name = printable_utf8(utf8_from_path(dump.filename()));
    progress.clear();
    if (context.json)
      print_json_item(name, report, &dump == &dumps->front());
    else
      print_line(context, name, report);
    if (!report.ok())
      ++tally.failed;
    else
      ++tally.by_signature[report->signature.text];
    if (report.ok() && report->status != "ok") ++tally.partial;
  }
  if (context.json)
    print("]\n");
  else
    print_tally(context, tally, dumps->size());
  return tally.failed == 0 && tally.partial == 0 ? ExitCode::Ok : ExitCode::Partial;
}

}  // namespace vigil::cli
