// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <spdlog/logger.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/time.h"
#include "desk.h"
#include "limited_run.h"
#include "report/report.h"
#include "settings/settings.h"
#include "store/store.h"

namespace vigil::service {

/// Works the queue off: takes the oldest dump that waits, has it analyzed in a sandbox, stores the
/// report. It does not own what it is given.
class Analyses {
 public:
  struct Parts {
    boost::asio::io_context& io;
    store::Store& store;
    const Desk& desk;
    const Clock& clock;
    spdlog::logger& log;
    const settings::Settings& settings;
    std::filesystem::path vigil;  ///< vigil.exe
    settings::DataPaths paths;
  };
  explicit Analyses(Parts parts) : parts_(std::move(parts)) {}

  void start();
  /// There is something new in the queue.
  void wake();
  /// Ends what is running; its rows go back into the queue.
  void stop();

 private:
  [[nodiscard]] boost::asio::awaitable<void> work();
  [[nodiscard]] boost::asio::awaitable<void> analyze(store::Capture capture);
  [[nodiscard]] std::vector<std::filesystem::path> samples_of(const store::Capture& capture);
  [[nodiscard]] boost::asio::awaitable<Result<LimitedRun::Output>> run_analyzer(
      const store::Capture& capture);
  /// Whether symbols came that the analyzer's report in \p output lacks.
  [[nodiscard]] boost::asio::awaitable<bool> fetch_symbols(const store::Capture& capture,
                                                           const LimitedRun::Output& output);
  [[nodiscard]] boost::asio::awaitable<Result<LimitedRun::Output>> finish(LimitedRun& run);
  [[nodiscard]] Status add_circumstances(store::CaptureId id, report::Report& report);
  [[nodiscard]] Status keep_report(const store::Capture& capture, const std::string& json);
  void fail(const store::Capture& capture, std::string_view reason, bool may_retry);

  Parts parts_;
  std::set<boost::asio::steady_timer*> sleeping_;  // of workers that have nothing to do
  std::set<LimitedRun*> running_;
  bool stopping_ = false;
  bool claim_failed_ = false;
  bool mitigations_said_ = false;
};

}  // namespace vigil::service
