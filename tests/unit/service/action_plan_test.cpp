// SPDX-License-Identifier: Apache-2.0
#include "action_plan.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "workbench.h"

namespace vigil::service {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

rules::Rule rule_that_acts() {
  rules::Rule rule;
  rule.name = "orders-crash";
  rule.match.process.any = {"orders.exe"};
  rule.then = {{rules::Action::Kind::Webhook, "https://hooks.example.com/secret", {}, 24h},
               {rules::Action::Kind::Restart, "", {}, 30s},
               {rules::Action::Kind::Run, "C:\\ops\\page.exe", {"--id", "{id}"}, 1min}};
  return rule;
}

settings::Settings all_allowed() {
  settings::Settings settings;
  settings.webhooks = settings.restarts = settings.programs = true;
  return settings;
}

std::vector<std::string> kinds_of(const std::vector<store::PlannedAction>& planned) {
  std::vector<std::string> kinds;
  for (const auto& action : planned) kinds.push_back(action.kind);
  return kinds;
}

TEST(ActionPlan, HasOnlyWhatTheSettingsAllow) {
  const auto rule = rule_that_acts();
  EXPECT_THAT(plan_actions(rule, {}, {}, Timestamp{}), IsEmpty());
  auto settings = all_allowed();
  EXPECT_THAT(kinds_of(plan_actions(rule, settings, {}, Timestamp{})),
              ElementsAre("webhook", "restart", "run"));
  settings.restarts = false;
  EXPECT_THAT(kinds_of(plan_actions(rule, settings, {}, Timestamp{})),
              ElementsAre("webhook", "run"));
}

TEST(ActionPlan, RestartsTheServiceThatTheRuleIsAbout) {
  auto rule = rule_that_acts();
  rule.match.service.any = {"Orders*"};
  const rules::ProcessFacts facts{"svchost.exe", "", "", {"OrdersApi", "Billing"}};
  const auto planned = plan_actions(rule, all_allowed(), facts, Timestamp{});
  const auto spec = parse_spec(planned[1].spec);
  ASSERT_TRUE(spec.ok());
  EXPECT_THAT(spec->services, ElementsAre("OrdersApi"));
  EXPECT_EQ(spec->timeout, Microseconds(30s));
  EXPECT_TRUE(planned[1].once);
  EXPECT_FALSE(planned[1].at_end) << "it does not wait for the report";
}

TEST(ActionPlan, RefusesWhatItDidNotWrite) {
  for (const auto* json :
       {"", "[]", "{}", R"({"target": 1})", R"({"target": "", "arguments": [1]})"})
    EXPECT_FALSE(parse_spec(json).ok()) << json;
}

store::Capture capture() {
  store::Capture capture;
  capture.id = {12};
  capture.process = "orders.exe";
  capture.pid = ProcessId{1234};
  capture.rule = "orders-crash";
  capture.command_line = "orders.exe --password=hunter2";
  capture.synopsis = "read 8 bytes at {pid}";
  return capture;
}

TEST(ActionMessage, IsASentenceAndFactsWithoutTheCommandLine) {
  const auto text = message_of(capture(), "SRV-1");
  const auto json = nlohmann::json::parse(text);
  EXPECT_EQ(json["text"],
            "orders.exe on SRV-1: read 8 bytes at {pid} (capture 12, rule orders-crash)");
  EXPECT_EQ(json["id"], 12);
  EXPECT_THAT(text, Not(HasSubstr("hunter2")));
}

TEST(ActionArguments, AreFilledInOnce) {
  EXPECT_EQ(fill_in("--capture={id} of {process}", capture()), "--capture=12 of orders.exe");
  EXPECT_EQ(fill_in("{synopsis}", capture()), "read 8 bytes at {pid}");
  EXPECT_EQ(fill_in("{", capture()), "{");
}

TEST(ActionPause, GrowsToAnHour) {
  EXPECT_EQ(pause_after(1), Microseconds(10s));
  EXPECT_EQ(pause_after(2), Microseconds(20s));
  EXPECT_EQ(pause_after(9), Microseconds(2560s));
  EXPECT_EQ(pause_after(10), Microseconds(1h));
  EXPECT_EQ(pause_after(4'000'000'000U), Microseconds(1h));
}

class ActionsOfDesk : public ::testing::Test {
 protected:
  ActionsOfDesk() {
    bench_.settings.webhooks = true;
    bench_.desk.use_rules({{rule_that_acts()}});
  }
  [[nodiscard]] std::vector<store::Action> actions(std::int64_t id = 1) {
    return *bench_.store.actions({id});
  }
  [[nodiscard]] std::optional<store::Action> claim(bool at_end = true) {
    return *bench_.store.claim_action(at_end, bench_.clock.now(), bench_.clock.now() + 1h);
  }
  test::Workbench bench_;
};

TEST_F(ActionsOfDesk, WaitUntilTheReportIsThere) {
  ASSERT_TRUE(bench_.desk.take(bench_.crash()).ok());
  ASSERT_EQ(actions().size(), 1u);
  EXPECT_EQ(claim(), std::nullopt) << "its dump has not come yet";
  const auto now = bench_.clock.now();
  ASSERT_TRUE(bench_.store.skip({1}, "no dump arrived", now).ok());
  const auto claimed = claim();
  ASSERT_TRUE(claimed);
  EXPECT_EQ(claimed->kind, "webhook");
  EXPECT_EQ(claimed->attempts, 1u);
  EXPECT_EQ(claim(), std::nullopt) << "somebody has it in hand";
  ASSERT_TRUE(
      bench_.store.finish_action(claimed->id, store::ActionState::Waiting, "no answer", now + 10s)
          .ok());
  bench_.clock.pass(11s);
  EXPECT_EQ(claim()->attempts, 2u);
  EXPECT_THAT(bench_.lines->lines, testing::Contains(HasSubstr("its restart is not done")));
}

TEST_F(ActionsOfDesk, AreNotForWhatALimitRefused) {
  auto rule = rule_that_acts();
  rule.limits.per_hour = 1;
  bench_.desk.use_rules({{rule}});
  ASSERT_TRUE(bench_.desk.take(bench_.crash(1)).ok());
  ASSERT_TRUE(bench_.desk.take(bench_.crash(2)).ok());
  EXPECT_EQ(actions(1).size(), 1u);
  EXPECT_THAT(actions(2), IsEmpty());
}

TEST_F(ActionsOfDesk, ThatAreDoneOnceAreNotDoneAgainAfterAKill) {
  bench_.settings.restarts = true;
  bench_.settings.webhooks = false;
  ASSERT_TRUE(bench_.desk.take(bench_.crash()).ok());
  ASSERT_TRUE(bench_.store.skip({1}, "no dump arrived", bench_.clock.now()).ok());
  EXPECT_FALSE(claim()) << "a restart waits for no report";
  ASSERT_TRUE(claim(false));
  const store::Store::FileProbe none{.dump_size = [](const auto&) { return std::nullopt; },
                                     .in_inbox = [](const auto&) { return false; }};
  ASSERT_TRUE(bench_.store.recover(none, 3, bench_.clock.now()).ok());
  EXPECT_EQ(claim(false), std::nullopt);
  EXPECT_EQ(actions()[0].state, store::ActionState::Failed);
  EXPECT_EQ(actions()[0].result, "the service ended while it was under way");
}

TEST_F(ActionsOfDesk, AreNotForWhatOnlyAnEventTells) {
  ASSERT_TRUE(bench_.desk.take(bench_.crash(1234, store::Source::EventLog)).ok());
  EXPECT_THAT(actions(), IsEmpty()) << "anybody may write events";
  ASSERT_TRUE(bench_.desk.take(bench_.crash()).ok());
  EXPECT_EQ(actions().size(), 1u);
}

TEST_F(ActionsOfDesk, AreNotForWhatHappenedLongAgo) {
  auto signal = bench_.crash();
  signal.at = signal.at - Microseconds(2h);
  ASSERT_TRUE(bench_.desk.take(signal).ok());
  EXPECT_THAT(actions(), IsEmpty());
}

TEST_F(ActionsOfDesk, AreForWhatTheDiskHasNoRoomFor) {
  bench_.free_disk = 0;
  ASSERT_TRUE(bench_.desk.take(bench_.crash()).ok());
  EXPECT_EQ(bench_.rows().at(0).state, store::State::Skipped);
  EXPECT_EQ(actions().size(), 1u);
}

TEST_F(ActionsOfDesk, StayWhenTheDumpIsRefusedLater) {
  ASSERT_TRUE(bench_.desk.take(bench_.crash()).ok());
  bench_.desk.refuse({1}, {rules::DumpKind::None, "orders-crash", "no room for it", true});
  EXPECT_EQ(actions().size(), 1u);
}

TEST_F(ActionsOfDesk, OfWhichAMessageWasUnderWayAreSentAtTheNextStart) {
  ASSERT_TRUE(bench_.desk.take(bench_.crash()).ok());
  ASSERT_TRUE(bench_.store.skip({1}, "no dump arrived", bench_.clock.now()).ok());
  ASSERT_TRUE(claim());
  EXPECT_FALSE(claim());
  const store::Store::FileProbe none{.dump_size = [](const auto&) { return std::nullopt; },
                                     .in_inbox = [](const auto&) { return false; }};
  ASSERT_TRUE(bench_.store.recover(none, 3, bench_.clock.now()).ok());
  EXPECT_TRUE(claim());
}

}  // namespace
}  // namespace vigil::service
