// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "wer/wer.h"

namespace vigil::wer {
namespace {

using rules::DumpKind;

const std::string kInbox = "C:\\ProgramData\\Vigil\\inbox";

/// Keys as a map, which fails on demand: as a kill between two steps does.
struct FakeKeys final : DumpKeys {
  Result<std::optional<DumpValues>> read(const std::string& program) override {
    const auto found = keys.find(program);
    return found == keys.end() ? std::optional<DumpValues>() : std::optional(found->second);
  }
  Status write(const std::string& program, const DumpValues& values) override {
    if (writes_left-- == 0) return Error{Errc::AccessDenied, "killed"};
    keys.try_emplace("");  // which is above it
    keys[program] = values;
    return {};
  }
  Status restore(const std::string& program, const DumpValues& values) override {
    return write(program, values);
  }
  Status remove_if_empty(const std::string& program) override {
    const bool has_below = program.empty() && keys.size() > 1;
    const auto found = keys.find(program);
    if (found != keys.end() && found->second == DumpValues{} && !has_below) keys.erase(found);
    return {};
  }
  std::map<std::string, DumpValues> keys;
  int writes_left = 1'000;
};

struct FakeSaved final : SavedKeys {
  Result<std::map<std::string, std::optional<DumpValues>>> read() override { return keys; }
  Status save(const std::string& program, const std::optional<DumpValues>& values) override {
    keys[program] = values;
    return {};
  }
  Status forget(const std::string& program) override {
    keys.erase(program);
    return {};
  }
  std::map<std::string, std::optional<DumpValues>> keys;
};

class LocalDumps : public testing::Test {
 protected:
  Changes step(const WantedDumps& wanted) {
    auto changes = keep_in_step(live, saved, wanted, kInbox);
    if (!changes.ok()) ADD_FAILURE() << changes.error().message();
    return std::move(changes).take();
  }
  FakeKeys live;
  FakeSaved saved;
  const DumpValues theirs{"D:\\dumps", 3, 2, {}};
};

TEST_F(LocalDumps, SetsWhatIsWantedAndUndoesIt) {
  EXPECT_EQ(step({{"", {DumpKind::Mini}}, {"orders.exe", {DumpKind::Full}}}).set.size(), 2u);
  EXPECT_EQ(live.keys.at(""), values_for({DumpKind::Mini}, kInbox));
  EXPECT_EQ(live.keys.at("orders.exe").type, 2u);
  EXPECT_EQ(live.keys.at("orders.exe").folder, kInbox);
  EXPECT_EQ(step({}).restored.size(), 2u);
  EXPECT_TRUE(live.keys.empty());
  EXPECT_TRUE(saved.keys.empty());
}

TEST_F(LocalDumps, DoesNothingTwice) {
  step({{"", {DumpKind::Mini}}});
  EXPECT_TRUE(step({{"", {DumpKind::Mini}}}).empty());
}

TEST_F(LocalDumps, PutsBackWhatSomebodyElseHadThere) {
  live.keys["orders.exe"] = theirs;
  step({{"orders.exe", {DumpKind::Mini}}});
  EXPECT_EQ(live.keys.at("orders.exe").folder, kInbox);
  step({{"orders.exe", {DumpKind::Full}}});
  step({});
  EXPECT_EQ(live.keys.at("orders.exe"), theirs);
}

TEST_F(LocalDumps, LeavesAloneWhatSomebodyElseHasChangedSince) {
  step({{"orders.exe", {DumpKind::Mini}}});
  live.keys["orders.exe"] = theirs;
  EXPECT_TRUE(step({}).restored.empty());
  EXPECT_EQ(live.keys.at("orders.exe"), theirs);
  EXPECT_TRUE(saved.keys.empty());
}

TEST_F(LocalDumps, TakesBackWhatSomebodyElseHasChangedAndKeepsTheirs) {
  step({{"orders.exe", {DumpKind::Mini}}});
  live.keys["orders.exe"] = theirs;
  step({{"orders.exe", {DumpKind::Mini}}});
  step({});
  EXPECT_EQ(live.keys.at("orders.exe"), theirs);
}

TEST_F(LocalDumps, AKillBetweenTwoStepsIsMendedByTheNext) {
  live.keys["orders.exe"] = theirs;
  live.writes_left = 0;
  EXPECT_FALSE(keep_in_step(live, saved, {{"orders.exe", {DumpKind::Mini}}}, kInbox).ok());
  EXPECT_EQ(live.keys.at("orders.exe"), theirs);
  live.writes_left = 1'000;
  step({});
  EXPECT_EQ(live.keys.at("orders.exe"), theirs);
}

TEST_F(LocalDumps, OfKeysThatAreOursAndWhoseNoteIsLostNothingIsLeft) {
  live.keys["orders.exe"] = values_for({DumpKind::Mini}, kInbox);
  step({{"orders.exe", {DumpKind::Mini}}});
  step({});
  EXPECT_TRUE(live.keys.empty());
}

TEST_F(LocalDumps, AKeyOfAllProgramsThatWasThereStaysAsItWas) {
  live.keys[""] = theirs;
  step({{"orders.exe", {DumpKind::Mini}}});
  EXPECT_EQ(live.keys.at(""), theirs);
  step({});
  EXPECT_EQ(live.keys, (std::map<std::string, DumpValues>{{"", theirs}}));
}

TEST_F(LocalDumps, TheKeyOfAllGoesWhenNoneBelowItIsLeft) {
  step({{"", {DumpKind::Mini}}, {"orders.exe", {DumpKind::Full}}});
  step({{"orders.exe", {DumpKind::Full}}});
  EXPECT_EQ(live.keys.at(""), DumpValues{});
  step({});
  EXPECT_TRUE(live.keys.empty());
  EXPECT_TRUE(saved.keys.empty());
}

TEST_F(LocalDumps, OneThatFailsDoesNotStopTheOthers) {
  live.writes_left = 0;
  const WantedDumps wanted = {{"a.exe", {DumpKind::Mini}}, {"b.exe", {DumpKind::Mini}}};
  EXPECT_FALSE(keep_in_step(live, saved, wanted, kInbox).ok());
  EXPECT_EQ(live.keys.at("b.exe").folder, kInbox);
}

}  // namespace
}  // namespace vigil::wer
