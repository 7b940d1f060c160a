// SPDX-License-Identifier: Apache-2.0
#include "analyses.h"

#include <algorithm>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include "analysis_run.h"
#include "base/exception_codes.h"
#include "base/exit_code.h"
#include "base/utf.h"
#include "base/words.h"
#include "coroutines.h"
#include "platform/platform.h"
#include "report/report.h"
#include "signature_limit.h"

namespace asio = boost::asio;

namespace vigil::service {
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
/// After the store refused to say what is next.
constexpr std::chrono::seconds kClaimAgainAfter{5};

bool has_report(std::uint32_t exit_code) {
  return exit_code == static_cast<std::uint32_t>(ExitCode::Ok) ||
         exit_code == static_cast<std::uint32_t>(ExitCode::Partial);
}

/// Why \p who gave no answer, from what it left.
std::string no_answer(std::string_view who, const LimitedRun::Output& output) {
  if (is_crash_exit_code(output.exit_code)) {
    return fmt::format("{} crashed with {}", who, exception_name(output.exit_code));
  }
  std::string_view line = output.complaint;
  line = line.substr(0, line.find_first_of("\r\n"));
  constexpr std::string_view kProgram = "vigil: ";
  if (line.starts_with(kProgram)) line.remove_prefix(kProgram.size());
  if (line.empty()) return fmt::format("{} ended with exit code {}", who, output.exit_code);
  return printable_utf8(line);
}

/// Whether a module that lies on a stack has a symbol file somewhere, and it was not there.
bool lacks_symbols(const report::Report& report) {
  return std::ranges::any_of(report.modules, [](const report::Module& module) {
    const bool was_needed = module.symbols == "none" || module.symbols == "exports";
    return was_needed && !module.debug_id.empty();
  });
}

/// How many files a download says that it fetched.
std::uint64_t fetched_count(const std::string& json) {
  const auto parsed = nlohmann::json::parse(json, nullptr, false);
  if (!parsed.is_object()) return 0;
  const auto count = parsed.find("fetched");
  return count != parsed.end() && count->is_number_unsigned() ? count->get<std::uint64_t>() : 0;
}

/// The report that a download is for, while it lasts.
class ReportFile {
 public:
  explicit ReportFile(std::filesystem::path path) : path_(std::move(path)) {}
  ~ReportFile() {
    std::error_code ignored;  // the next one of this row takes its place
    std::filesystem::remove(path_, ignored);
  }
  ReportFile(const ReportFile&) = delete;
  ReportFile& operator=(const ReportFile&) = delete;

  [[nodiscard]] Status write(const std::string& text) const {
    return platform::write_file_atomically(path_, text);
  }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace

void Analyses::start() {
  for (std::uint32_t i = 0; i < parts_.settings.analysis_workers; ++i) spawn(parts_.io, work());
}

void Analyses::wake() {
  for (auto* timer : sleeping_) timer->cancel();
}

void Analyses::stop() {
  stopping_ = true;
  wake();
  for (auto* run : running_) run->kill();
}

asio::awaitable<void> Analyses::work() {
  while (!stopping_) {
    auto claimed = parts_.store.claim_for_analysis(parts_.clock.now());
    if (claimed.ok() && *claimed) {
      claim_failed_ = false;
      co_await analyze(std::move(**claimed));
      continue;
    }
    if (!claimed.ok() && !std::exchange(claim_failed_, true)) {
      parts_.log.error("cannot take a dump from the queue: {}", claimed.error().message());
    }
    asio::steady_timer pause(parts_.io);
    if (!claimed.ok()) {
      pause.expires_after(kClaimAgainAfter);
    } else {
      pause.expires_at(asio::steady_timer::time_point::max());
    }
    sleeping_.insert(&pause);
    co_await pause.async_wait(kAwait);
    sleeping_.erase(&pause);
  }
}

asio::awaitable<void> Analyses::analyze(store::Capture capture) {
  auto output = co_await run_analyzer(capture);
  if (output.ok() && has_report(output->exit_code) && parts_.settings.fetch_symbols && !stopping_) {
    const bool came = co_await fetch_symbols(capture, *output);
    if (came && !stopping_) {
      auto again = co_await run_analyzer(capture);
      if (again.ok() && has_report(again->exit_code)) output = std::move(again);
    }
  }
  if (output.ok() && has_report(output->exit_code)) {
    const auto kept = keep_report(capture, output->text);
    if (!kept.ok()) fail(capture, kept.error().message(), false);
  } else if (stopping_) {
    fail(capture, "the service stopped during the analysis", true);
  } else {
    fail(capture, output.ok() ? no_answer("the analyzer", *output) : output.error().message(),
         false);
  }
}

/// Those that are there: the dump is worth a report without them too.
std::vector<std::filesystem::path> Analyses::samples_of(const store::Capture& capture) {
  std::vector<std::filesystem::path> files;
  const auto samples = parts_.store.samples(capture.id);
  if (!samples.ok()) {
    parts_.log.warn("#{}: {}", capture.id.value, samples.error().message());
    return files;
  }
  for (const auto& sample : *samples) {
    auto file = parts_.paths.root / path_from_utf8(sample.dump_file);
    std::error_code error;
    if (std::filesystem::is_regular_file(file, error)) {
      files.push_back(std::move(file));
    } else {
      parts_.log.warn("#{}: its sample {} is gone", capture.id.value, sample.dump_file);
    }
  }
  return files;
}

asio::awaitable<Result<LimitedRun::Output>> Analyses::run_analyzer(const store::Capture& capture) {
  const RunLimits limits{parts_.settings.analysis_max_memory_bytes,
                         parts_.settings.analysis_timeout, report::kMaxJsonBytes};
  std::vector<std::string> symbol_paths = {utf8_from_path(parts_.paths.symbols())};
  if (!parts_.settings.symbol_path.empty()) symbol_paths.push_back(parts_.settings.symbol_path);
  auto run =
      start_analysis(parts_.io, parts_.vigil, parts_.paths.root / path_from_utf8(capture.dump_file),
                     samples_of(capture), symbol_paths, limits);
  if (!run.ok()) co_return std::move(run).take_error().with_context("cannot analyze");
  if ((*run)->mitigations_refused() && !std::exchange(mitigations_said_, true)) {
    parts_.log.warn(
        "this system does not know all process mitigations that the analyzer should have");
  }
  co_return co_await finish(**run);
}

asio::awaitable<bool> Analyses::fetch_symbols(const store::Capture& capture,
                                              const LimitedRun::Output& output) {
  const auto parsed = report::from_json(output.text);
  if (!parsed.ok() || !lacks_symbols(*parsed)) co_return false;
  const ReportFile file(parts_.paths.symbols() / fmt::format("{}-report.json", capture.id.value));
  if (const auto written = file.write(report::to_json(*parsed, false)); !written.ok()) {
    parts_.log.warn("#{}: symbols cannot be fetched: {}", capture.id.value,
                    written.error().message());
    co_return false;
  }
  const RunLimits limits{parts_.settings.analysis_max_memory_bytes, parts_.settings.fetch_timeout,
                         report::kMaxJsonBytes};
  auto run = start_fetch(parts_.io, parts_.vigil, file.path(), parts_.settings.symbol_path,
                         parts_.paths.symbols(), limits);
  auto fetched =
      run.ok() ? co_await finish(**run) : Result<LimitedRun::Output>(std::move(run).take_error());
  const auto count = fetched.ok() ? fetched_count(fetched->text) : 0;
  if (!fetched.ok() || fetched->text.empty()) {
    parts_.log.warn("#{}: fetching symbols: {}", capture.id.value,
                    fetched.ok() ? no_answer("the download", *fetched) : fetched.error().message());
  }
  if (count > 0)
    parts_.log.info("#{}: fetched {}", capture.id.value, counted(count, "symbol file"));
  co_return count > 0;
}

asio::awaitable<Result<LimitedRun::Output>> Analyses::finish(LimitedRun& run) {
  running_.insert(&run);
  auto output = co_await run.finish();
  running_.erase(&run);
  co_return output;
}

/// They are the service's own: whatever the analyzer says of them does not count.
Status Analyses::add_circumstances(store::CaptureId id, report::Report& report) {
  report.circumstances.reset();
  VIGIL_TRY_ASSIGN(const auto json, parts_.store.circumstances(id));
  if (json.empty()) return {};
  VIGIL_TRY_ASSIGN(auto noted, report::from_json(json));
  report.circumstances = std::move(noted.circumstances);
  return {};
}

Status Analyses::keep_report(const store::Capture& capture, const std::string& json) {
  auto parsed = report::from_json(json);
  if (!parsed.ok()) return std::move(parsed).take_error().with_context("the analyzer's report");
  VIGIL_TRY(add_circumstances(capture.id, *parsed));
  store::Store::Findings findings;
  // What was understood is kept, not what was sent.
  findings.report_json = report::to_json(*parsed, false);
  findings.signature = parsed->signature.text;
  findings.signature_version = parsed->signature.version;
  findings.synopsis = parsed->synopsis;
  if (parsed->crash) {
    findings.exception_code = parsed->crash->code;
    findings.verdict = parsed->crash->name;
  }
  findings.process_start = parsed->process.create_time;
  VIGIL_TRY(parts_.store.finish(capture.id, findings, parts_.clock.now()));
  parts_.log.info("#{}: {}", capture.id.value, printable_utf8(parsed->synopsis));
  const auto limited = apply_signature_limit(
      {parts_.store, parts_.desk.rules(), parts_.clock, parts_.log, parts_.paths.root}, capture.id);
  if (!limited.ok()) {
    parts_.log.error("#{}: cannot apply per_signature: {}", capture.id.value,
                     limited.error().message());
  }
  return {};
}

void Analyses::fail(const store::Capture& capture, std::string_view reason, bool may_retry) {
  parts_.log.warn("#{}: {}", capture.id.value, reason);
  const auto failed = parts_.store.fail(capture.id, reason, may_retry,
                                        parts_.settings.analysis_attempts, parts_.clock.now());
  if (!failed.ok()) parts_.log.error("#{}: {}", capture.id.value, failed.error().message());
}

}  // namespace vigil::service
