// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "rules/rules.h"

/// For each rule of the samples something that it is for, and something that is nearly so.
namespace vigil::rules {
namespace {

/// What is measured of a process, or asked of it, and whether that is met now.
bool holds_now(const Condition& condition, const std::vector<std::string>& met) {
  const auto text = describe(condition);
  return std::ranges::any_of(met,
                             [&](const auto& one) { return text.find(one) != std::string::npos; });
}

struct Case {
  const char* about;
  ProcessFacts process;
  std::optional<EventKind> event;  ///< Nothing: it lives.
  std::uint32_t code = 0;
  std::vector<std::string> met = {};  ///< Parts of what describe() says of conditions that hold.
  std::string rule;                   ///< The one that acts; empty: none.
};

class SampleCases : public testing::Test {
 protected:
  static RuleSet load(const char* name) {
    auto loaded = load_rules(std::filesystem::path(VIGIL_SOURCE_DIR) / "config" / "rules.d" / name);
    for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.format();
    return std::move(loaded.rules);
  }
  static std::string acting(const RuleSet& set, const Case& one) {
    const Holds holds = [&](const Condition& condition) { return holds_now(condition, one.met); };
    if (one.event) {
      const auto* rule = set.find(*one.event, one.code, one.process, holds);
      return rule == nullptr ? "" : rule->name;
    }
    for (const auto& rule : set.rules) {
      if (rule.match.matches(one.process) && rule.when.fits(holds)) return rule.name;
    }
    return {};
  }
  static void check(const char* file, const std::vector<Case>& cases) {
    const auto set = load(file);
    for (const auto& one : cases)
      EXPECT_EQ(acting(set, one), one.rule) << file << ": " << one.about;
  }
};

constexpr auto kCrash = EventKind::Crash;
constexpr auto kExit = EventKind::Exit;
constexpr auto kBugcheck = EventKind::Bugcheck;

TEST_F(SampleCases, IisWorker) {
  const ProcessFacts shop{"w3wp.exe", "", R"(w3wp.exe -ap "ShopPool" -v "v4.0")"};
  const ProcessFacts other{"w3wp.exe", "", R"(w3wp.exe -ap "ShopPool2" -v "v4.0")"};
  check("iis-worker.yaml.sample",
        {{"the pool crashes", shop, kCrash, 0xc0000005, {}, "shop-pool-crash"},
         {"another pool crashes", other, kCrash, 0xc0000005, {}, ""},
         {"the pool is recycled", shop, kExit, 0, {}, ""},
         {"the site does not answer", shop, {}, 0, {"/health"}, "shop-pool-stuck"},
         {"the site of another pool does not", other, {}, 0, {"/health"}, ""},
         {"another pool is hot", other, {}, 0, {"200% of a core"}, "pools-hot"},
         {"another program is", {"other.exe", "", ""}, {}, 0, {"200% of a core"}, ""}});
}

TEST_F(SampleCases, DotnetService) {
  const ProcessFacts service{"dotnet.exe", "", "dotnet Orders.dll", {"OrdersService"}};
  const ProcessFacts by_hand{"dotnet.exe", "", "dotnet Orders.dll", {}};
  check("dotnet-service.yaml.sample",
        {{"an unhandled exception", service, kCrash, 0xe0434352, {}, "orders-service-died"},
         {"its exit code alone", service, kExit, 0xe0434352, {}, "orders-service-died"},
         {"Environment.FailFast", service, kExit, 0x80131623, {}, "orders-service-died"},
         {"a usual error", service, kExit, 1, {}, ""},
         {"the same by hand", by_hand, kExit, 0x80131623, {}, ""},
         {"a leak", service, {}, 0, {"private memory grown"}, "orders-service-leaks"},
         {"a leak of somebody else", by_hand, {}, 0, {"private memory grown"}, ""},
         {"threads without end", service, {}, 0, {"threads above 400"}, "orders-service-threads"},
         {"nothing much", service, {}, 0, {}, ""}});
}

TEST_F(SampleCases, SqlClient) {
  const ProcessFacts import{"SqlImport.exe", "", "SqlImport.exe --nightly"};
  check(
      "sql-client.yaml.sample",
      {{"no batch for long", import, {}, 0, {"last-batch.txt"}, "import-waits"},
       {"batches come", import, {}, 0, {}, ""},
       {"connections leak", import, {}, 0, {"handles grown by 2000"}, "import-leaks-handles"},
       {"it gave up", import, kExit, 3, {}, "import-gave-up"},
       {"its driver is missing", import, kExit, 0xc0000135, {}, "import-gave-up"},
       {"it is done", import, kExit, 0, {}, ""},
       {"it was only tried", {"SqlImport.exe", "", "SqlImport.exe --dry-run"}, kExit, 3, {}, ""}});
}

TEST_F(SampleCases, RdpHost) {
  const ProcessFacts shell{"explorer.exe", R"(C:\Windows\explorer.exe)", ""};
  const ProcessFacts editor{"editor.exe", R"(C:\Users\anna\editor.exe)", ""};
  check("rdp-host.yaml.sample",
        {{"the shell crashes", shell, kCrash, 0xc0000005, {}, "session-crash"},
         {"a program of a user does", editor, kCrash, 0xc0000005, {}, ""},
         {"a hog", editor, {}, 0, {"25% of the machine"}, "session-hog"},
         {"Windows itself is busy", shell, {}, 0, {"25% of the machine"}, ""}});
}

TEST_F(SampleCases, Watchdog) {
  const ProcessFacts gateway{"gateway.exe", "", "", {"Gateway"}};
  const ProcessFacts copy{"gateway.exe", "", "", {}};
  check("watchdog.yaml.sample",
        {{"nobody takes its connections", gateway, {}, 0, {"9000"}, "gateway-does-not-answer"},
         {"its pipe is gone", gateway, {}, 0, {"gateway-admin"}, "gateway-does-not-answer"},
         {"a copy that is no service", copy, {}, 0, {"9000"}, ""},
         {"it idles", gateway, {}, 0, {"CPU below 1%"}, "gateway-idle"},
         {"it ended itself", gateway, kExit, 7, {}, "gateway-ended"},
         {"it crashed", gateway, kCrash, 0xc0000409, {}, "gateway-ended"},
         {"it was stopped", gateway, kExit, 0, {}, ""}});
}

TEST_F(SampleCases, Kernel) {
  const ProcessFacts kernel{"ntoskrnl.exe", "", ""};
  check("kernel.yaml.sample",
        {{"Windows left a dump", kernel, kBugcheck, 0, {}, "kernel-dumps"},
         {"a program of that name crashes", kernel, kCrash, 0xc0000005, {}, ""},
         {"it lives", kernel, {}, 0, {}, ""}});
}

}  // namespace
}  // namespace vigil::rules
