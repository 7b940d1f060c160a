// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "watch/watch.h"

/// The thresholds and probes of the samples in config/rules.d, with the figures on both sides of
/// what they say, second by second.
namespace vigil::watch {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kMiB = 1 << 20;
constexpr ProcessKey kProcess{ProcessId{4}, Timestamp{10}};

/// A machine of eight processors with one process, which has been there for a quarter of an hour.
class Sample {
 public:
  Sample(const char* file, const rules::ProcessFacts& process) {
    auto loaded =
        rules::load_rules(std::filesystem::path(VIGIL_SOURCE_DIR) / "config" / "rules.d" / file);
    for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.format();
    triggers_.use_rules(loaded.rules);
    triggers_.add(kProcess, process, -Microseconds(15min));
    (void)sampler_.look({uptime_, Timestamp{}}, {});
    live(1s, 0.5, {});
    fired.clear();
  }

  /// Goes on for \p time, using \p share of a processor.
  void live(Microseconds time, double share, Counters counters) {
    for (const auto end = uptime_ + time; uptime_ < end;) {
      uptime_ += 1s;
      cpu_ += Microseconds(static_cast<std::int64_t>(share * 1e6));
      counters.cpu = cpu_;
      const TableRow table[] = {{kProcess, counters}};
      const bool continuous = sampler_.look({uptime_, Timestamp{uptime_.count()}}, table);
      for (const auto& firing : triggers_.look(uptime_, sampler_, continuous))
        fired.push_back(firing.rule);
    }
  }
  void use(Microseconds time, double share) { live(time, share, {}); }
  void hold(Microseconds time, const Counters& counters) { live(time, 0.5, counters); }
  /// Whoever is asked at \p target fails once.
  void fail(std::string_view target) {
    for (const auto& probe : triggers_.probes()) {
      if (probe.target == target) triggers_.answer(probe, "no answer", uptime_);
    }
    live(1s, 0.5, {});
  }

  std::vector<std::string> fired;

 private:
  Sampler sampler_;
  Triggers triggers_{8};
  Microseconds uptime_ = 1h, cpu_{};
};

const rules::ProcessFacts kShop{"w3wp.exe", "", R"(w3wp.exe -ap "ShopPool" -v "v4.0")"};
const rules::ProcessFacts kOrders{"dotnet.exe", "", "dotnet Orders.dll", {"OrdersService"}};
const rules::ProcessFacts kImport{"SqlImport.exe", "", "SqlImport.exe --nightly"};
const rules::ProcessFacts kEditor{"editor.exe", R"(C:\Users\anna\editor.exe)", ""};
const rules::ProcessFacts kGateway{"gateway.exe", "", "", {"Gateway"}};

TEST(SampleRules, APoolIsHotThatBurnsTwoCoresForHalfAMinute) {
  Sample pool("iis-worker.yaml.sample", kShop);
  pool.use(10min, 1.9);
  pool.use(29s, 2.1);
  pool.use(2s, 1.9);
  pool.use(29s, 2.1);
  EXPECT_THAT(pool.fired, IsEmpty()) << "it cooled down in between";
  pool.use(2s, 2.1);
  EXPECT_THAT(pool.fired, ElementsAre("pools-hot"));
}

TEST(SampleRules, ASiteIsStuckThatDoesNotAnswerThreeTimes) {
  Sample pool("iis-worker.yaml.sample", kShop);
  for (int i = 0; i < 2; ++i) pool.fail("http://127.0.0.1:8080/health");
  EXPECT_THAT(pool.fired, IsEmpty());
  pool.fail("http://127.0.0.1:8080/health");
  EXPECT_THAT(pool.fired, ElementsAre("shop-pool-stuck"));
}

TEST(SampleRules, AServiceLeaksThatGrowsByHalfAGigabyteInTenMinutes) {
  Sample service("dotnet-service.yaml.sample", kOrders);
  for (std::uint64_t minute = 1; minute <= 60; ++minute)
    service.hold(1min, {.private_bytes = minute * 45 * kMiB});
  EXPECT_THAT(service.fired, IsEmpty()) << "450 MiB in ten minutes";
  service.hold(1min, {.private_bytes = (60 * 45 + 512) * kMiB});
  EXPECT_THAT(service.fired, ElementsAre("orders-service-leaks"));
}

TEST(SampleRules, AServiceHasTooManyThreadsWithMoreThanFourHundredForAMinute) {
  Sample service("dotnet-service.yaml.sample", kOrders);
  service.hold(10min, {.threads = 400});
  service.hold(59s, {.threads = 500});
  service.hold(1s, {.threads = 399});
  EXPECT_THAT(service.fired, IsEmpty());
  service.hold(62s, {.threads = 401});
  EXPECT_THAT(service.fired, ElementsAre("orders-service-threads"));
}

TEST(SampleRules, AnImportLeaksThatOpensTwoThousandHandlesInHalfAnHour) {
  Sample import("sql-client.yaml.sample", kImport);
  import.hold(1min, {.handles = 300});
  import.hold(28min, {.handles = 300 + 1'999});
  EXPECT_THAT(import.fired, IsEmpty());
  import.hold(1s, {.handles = 300 + 2'000});
  EXPECT_THAT(import.fired, ElementsAre("import-leaks-handles"));
}

TEST(SampleRules, AnImportWaitsWhoseFileIsOldOnce) {
  Sample import("sql-client.yaml.sample", kImport);
  import.use(1h, 0);
  EXPECT_THAT(import.fired, IsEmpty()) << "that it does nothing is no matter";
  import.fail(R"(C:\Import\last-batch.txt)");
  EXPECT_THAT(import.fired, ElementsAre("import-waits"));
}

TEST(SampleRules, AHogTakesAQuarterOfTheMachineForAMinute) {
  Sample editor("rdp-host.yaml.sample", kEditor);
  editor.use(10min, 8 * 0.24);
  editor.use(59s, 8 * 0.9);
  editor.use(1s, 0);
  EXPECT_THAT(editor.fired, IsEmpty());
  editor.use(62s, 8 * 0.26);
  EXPECT_THAT(editor.fired, ElementsAre("session-hog"));
}

TEST(SampleRules, AGatewayIdlesThatUsesNothingForFiveMinutes) {
  Sample gateway("watchdog.yaml.sample", kGateway);
  gateway.use(299s, 0.001);
  gateway.use(1s, 0.02);
  gateway.use(299s, 0.001);
  EXPECT_THAT(gateway.fired, IsEmpty()) << "it did something in between";
  gateway.use(2s, 0.001);
  EXPECT_THAT(gateway.fired, ElementsAre("gateway-idle"));
}

TEST(SampleRules, AGatewayDoesNotAnswerThatFailsByEitherWay) {
  Sample gateway("watchdog.yaml.sample", kGateway);
  gateway.fail(R"(\\.\pipe\gateway-admin)");
  for (int i = 0; i < 2; ++i) gateway.fail("127.0.0.1:9000");
  EXPECT_THAT(gateway.fired, IsEmpty()) << "one failure of one and two of the other";
  gateway.fail(R"(\\.\pipe\gateway-admin)");
  EXPECT_THAT(gateway.fired, ElementsAre("gateway-does-not-answer"));
}

}  // namespace
}  // namespace vigil::watch
