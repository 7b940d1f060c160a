// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/utf.h"
#include "commands.h"
#include "store/store.h"

/// Runs `vigil` in this process over a store of its own.
namespace vigil::cli {

inline constexpr Timestamp kMorning{1'795'230'245'678'000};  // 2026-11-21T03:04:05.678Z
inline constexpr Microseconds kWindow{10'000'000};

struct Output {
  ExitCode code = ExitCode::Ok;
  std::string out, err;
};

inline Output run_vigil(const std::vector<std::string>& args) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Output output;
  output.code = run(args);
  output.out = testing::internal::GetCapturedStdout();
  output.err = testing::internal::GetCapturedStderr();
  return output;
}

class CliTest : public testing::Test {
 protected:
  CliTest() {
    std::random_device random;
    folder = std::filesystem::path(testing::TempDir()) /
             fmt::format("vigil-cli-{:08x}{:08x}", random(), random());
    std::filesystem::create_directories(folder);
  }
  ~CliTest() override {
    std::error_code ignored;  // A folder that stays behind fails no test.
    std::filesystem::remove_all(folder, ignored);
  }

  /// With the store of this test, and times in UTC.
  Output vigil(std::vector<std::string> args) {
    args.insert(args.begin(), {"--data", utf8_from_path(folder), "--utc"});
    return run_vigil(args);
  }
  nlohmann::json vigil_json(std::vector<std::string> args) {
    args.insert(args.begin(), "--json");
    const auto output = vigil(std::move(args));
    return nlohmann::json::parse(output.out);
  }

  store::Store open() {
    auto opened = store::Store::open(folder / "vigil.db", store::OpenMode::Create);
    if (!opened.ok()) ADD_FAILURE() << opened.error().message();
    return std::move(opened).take();
  }

  /// Orders.exe, which read what was not there.
  static store::Signal crash(Timestamp at = kMorning, std::uint32_t pid = 1234) {
    store::Signal signal;
    signal.source = store::Source::AeDebug;
    signal.at = at;
    signal.pid = ProcessId{pid};
    signal.process_start = at - Microseconds(3'723'000'000);
    signal.process = "Orders.exe";
    signal.path = R"(C:\orders\Orders.exe)";
    signal.command_line = "Orders.exe --fast";
    signal.exception_code = 0xc0000005;
    signal.fault_key = "c0000005|orders.dll+1a2b";
    signal.detail = "second chance";
    return signal;
  }

  static store::CaptureId record(store::Store& store, const store::Signal& signal) {
    const auto recorded = store.record(signal, kWindow);
    if (!recorded.ok()) ADD_FAILURE() << recorded.error().message();
    return recorded->id;
  }

  /// With a decision, a dump and \p report_json.
  static store::CaptureId finish(store::Store& store,
                                 const store::Signal& signal,
                                 std::string report_json) {
    const auto id = record(store, signal);
    EXPECT_TRUE(store
                    .set_decision(id, {rules::DumpKind::Mini, "orders-crash",
                                       "rule orders-crash: mini dump", false})
                    .ok());
    EXPECT_TRUE(store
                    .begin_capture(id, "a.dmp", fmt::format("2026/11/{}-Orders.exe.dmp", id.value),
                                   kMorning)
                    .ok());
    EXPECT_TRUE(store.dump_ready(id, 33'792, kMorning).ok());
    EXPECT_TRUE(store.claim_for_analysis(kMorning).ok());
    store::Store::Findings findings;
    findings.report_json = std::move(report_json);
    findings.signature = "orders!Cart::total | ACCESS_VIOLATION";
    findings.synopsis = "Orders.exe read 8 bytes at 0x18";
    EXPECT_TRUE(store.finish(id, findings, kMorning).ok());
    return id;
  }

  std::filesystem::path folder;
};

}  // namespace vigil::cli
