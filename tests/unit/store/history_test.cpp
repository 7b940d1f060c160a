// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "unit/store/store_fixture.h"

namespace vigil::store {
namespace {

constexpr Microseconds kHour = kMinute * 60;
constexpr const char* kRule = "orders-crash";
constexpr const char* kFaultKey = "c0000005|orders.dll+1a2b";

class History : public StoreTest {
 protected:
  /// A row with a decision of kRule for a mini dump, that died at \p at of kFaultKey.
  CaptureId decided(Timestamp at = kNoon,
                    rules::DumpKind dump = rules::DumpKind::Mini,
                    const char* rule = kRule) {
    auto signal = signal_from(Source::ExitWatch, at);
    signal.pid = ProcessId{++pid_};
    signal.fault_key = kFaultKey;
    const auto id = record(signal);
    EXPECT_TRUE(store.set_decision(id, {dump, rule, "", false}).ok());
    return id;
  }
  CaptureId dumped(Timestamp at = kNoon, const char* rule = kRule) {
    const auto id = decided(at, rules::DumpKind::Mini, rule);
    EXPECT_TRUE(store.begin_capture(id, "a", dump_name(id), at).ok());
    EXPECT_TRUE(store.dump_ready(id, 1, at).ok());
    return id;
  }
  rules::History history(std::optional<CaptureId> except = {}, std::string_view key = kFaultKey) {
    auto result =
        store.history({.rule = kRule, .signature_or_fault_key = key, .except = except}, kNoon);
    if (!result.ok()) ADD_FAILURE() << result.error().message();
    return *result;
  }

 private:
  std::uint32_t pid_ = 0;
};

TEST_F(History, CountsDumpsOfEachKind) {
  for (const auto kind :
       {rules::DumpKind::None, rules::DumpKind::Triage, rules::DumpKind::Mini,
        rules::DumpKind::MiniPlus, rules::DumpKind::Custom, rules::DumpKind::Full}) {
    const auto id = decided(kNoon, kind);
    ASSERT_TRUE(store.begin_capture(id, "a", dump_name(id), kNoon).ok());
  }
  EXPECT_EQ(history().dumps_last_hour, 5u);
  EXPECT_EQ(history().last_dump, kNoon);
}

TEST_F(History, OfAnEmptyStoreIsEmpty) {
  const auto past = history();
  EXPECT_EQ(past.dumps_last_hour, 0u);
  EXPECT_EQ(past.last_dump, std::nullopt);
  EXPECT_EQ(past.dumps_of_signature, 0u);
  EXPECT_FALSE(past.signature_known);
}

TEST_F(History, CountsTheDumpsOfTheLastSixtyMinutes) {
  dumped(kNoon);
  dumped(kNoon - kHour + Microseconds(1));
  dumped(kNoon - kHour);
  EXPECT_EQ(history().dumps_last_hour, 2u);
}

TEST_F(History, KnowsTheLastDumpHoweverLongAgo) {
  dumped(kNoon - kHour * 100);
  dumped(kNoon - kHour * 50);
  EXPECT_EQ(history().last_dump, kNoon - kHour * 50);
}

TEST_F(History, CountsOnlyTheRuleAskedFor) {
  dumped(kNoon, "another");
  EXPECT_EQ(history().dumps_last_hour, 0u);
  EXPECT_EQ(history().last_dump, std::nullopt);
  EXPECT_EQ(history().dumps_of_signature, 0u);
  EXPECT_TRUE(history().signature_known);
}

TEST_F(History, DoesNotCountRowsWithoutADump) {
  decided(kNoon, rules::DumpKind::None);
  const auto lost = decided();
  ASSERT_TRUE(store.skip(lost, "no dump arrived", kNoon).ok());
  EXPECT_EQ(history().dumps_last_hour, 0u);
  EXPECT_EQ(history().dumps_of_signature, 0u);
}

TEST_F(History, CountsADumpThatWasDecidedOnForAnOlderRow) {
  const auto first = decided();
  const auto second = decided();
  EXPECT_EQ(history(first).dumps_last_hour, 0u);
  EXPECT_EQ(history(second).dumps_last_hour, 1u);
  EXPECT_EQ(history(second).dumps_of_signature, 1u);
  EXPECT_EQ(history().dumps_last_hour, 2u);
}

TEST_F(History, CountsADumpThatIsThereForAYoungerRowToo) {
  const auto first = decided();
  dumped();
  EXPECT_EQ(history(first).dumps_last_hour, 1u);
  EXPECT_EQ(history(first).dumps_of_signature, 1u);
}

TEST_F(History, DoesNotCountTheRowThatIsDecidedOn) {
  const auto id = dumped();
  EXPECT_EQ(history(id).dumps_last_hour, 0u);
  EXPECT_EQ(history(id).last_dump, std::nullopt);
  EXPECT_FALSE(history(id).signature_known);
}

TEST_F(History, CountsKeptDumpsBySignatureAndByFaultKey) {
  const auto id = dumped();
  ASSERT_TRUE(store.claim_for_analysis(kNoon).ok());
  ASSERT_TRUE(store.finish(id, findings("orders!total"), kNoon).ok());
  EXPECT_EQ(history({}, "orders!total").dumps_of_signature, 1u);
  EXPECT_EQ(history({}, kFaultKey).dumps_of_signature, 1u);
  EXPECT_EQ(history({}, "orders!other").dumps_of_signature, 0u);
}

TEST_F(History, AForgottenDumpIsNoLongerKeptButWasTaken) {
  const auto id = dumped();
  ASSERT_TRUE(store.claim_for_analysis(kNoon).ok());
  ASSERT_TRUE(store.finish(id, findings("s"), kNoon).ok());
  ASSERT_TRUE(store.forget_dump(id, "limit", kNoon).ok());
  EXPECT_EQ(history().dumps_of_signature, 0u);
  EXPECT_EQ(history().dumps_last_hour, 1u);
  EXPECT_TRUE(history().signature_known);
}

TEST_F(History, AFailedAnalysisTookADumpAllTheSame) {
  const auto id = dumped();
  ASSERT_TRUE(store.claim_for_analysis(kNoon).ok());
  ASSERT_TRUE(store.fail(id, "not a minidump", false, 3, kNoon).ok());
  EXPECT_EQ(history().dumps_last_hour, 1u);
}

TEST_F(History, ASignatureIsNewToTheFirstOfSeveralThatDieAtOnce) {
  const auto first = decided();
  const auto second = decided();
  EXPECT_FALSE(history(first).signature_known);
  EXPECT_TRUE(history(second).signature_known);
}

TEST_F(History, NothingIsKnownOfAnEmptySignature) {
  auto signal = signal_from(Source::ExitWatch);
  record(signal);
  EXPECT_FALSE(history({}, "").signature_known);
  EXPECT_EQ(history({}, "").dumps_of_signature, 0u);
}

TEST_F(History, OfWhatIsMeasuredTheProgramIsKnownThatTheRuleTookADumpOf) {
  const auto measured = [this](std::string_view program, std::string_view rule = kRule) {
    const auto past = store.history(
        {.rule = rule, .signature_or_fault_key = kFaultKey, .measured = true, .program = program},
        kNoon);
    EXPECT_TRUE(past.ok() && past->by_program);
    return past.ok() ? std::pair(past->program_met, past->signature_known) : std::pair(true, true);
  };
  EXPECT_EQ(measured("Orders.exe"), std::pair(false, false));
  (void)decided(kNoon, rules::DumpKind::None);
  EXPECT_EQ(measured("orders.EXE"), std::pair(true, false)) << "a limit refused it";
  (void)decided();
  EXPECT_EQ(measured("orders.EXE"), std::pair(true, true));
  EXPECT_EQ(measured("Pricing.exe"), std::pair(false, false));
  EXPECT_EQ(measured("Orders.exe", "another"), std::pair(false, false));
  EXPECT_FALSE(history().by_program);
}

TEST_F(History, RowsFromAClockThatWasSetBackDoNotCount) {
  dumped(kNoon + kHour * 24);
  EXPECT_EQ(history().dumps_last_hour, 0u);
  EXPECT_EQ(history().last_dump, std::nullopt);
}

}  // namespace
}  // namespace vigil::store
