// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "watch/watch.h"

namespace vigil::watch {
namespace {

/// A registry key as a map.
class FakeValues final : public StringValues {
 public:
  explicit FakeValues(std::map<std::string, std::string, std::less<>> initial = {})
      : values(std::move(initial)) {}
  Result<std::optional<std::string>> read(std::string_view name) override {
    const auto found = values.find(name);
    return found == values.end() ? std::optional<std::string>{} : found->second;
  }
  Status write(std::string_view name, std::string_view value) override {
    values.insert_or_assign(std::string(name), std::string(value));
    return {};
  }
  Status erase(std::string_view name) override {
    values.erase(std::string(name));
    return {};
  }
  std::map<std::string, std::string, std::less<>> values;
};

constexpr std::string_view kOurs = "\"C:\\Vigil\\vigil-dumper.exe\" --jit %ld %ld %p";
const std::map<std::string, std::string, std::less<>> kWinDbg = {
    {"Debugger", "windbg -p %ld -e %ld"}, {"Auto", "0"}};

TEST(AeDebug, TheCommandDoublesPercentSignsOfFolders) {
  EXPECT_EQ(aedebug_command({"C:\\50% off\\vigil-dumper.exe", "D:\\in box", "D:\\rules.d"}),
            "\"C:\\50%% off\\vigil-dumper.exe\" --jit %ld %ld %p --inbox \"D:\\in box\" --rules "
            "\"D:\\rules.d\"");
}

TEST(AeDebug, RegisteringAndRestoringLeavesWhatWasThere) {
  FakeValues live(kWinDbg), saved;
  ASSERT_TRUE(register_aedebug(live, saved, kOurs).ok());
  EXPECT_EQ(live.values["Debugger"], kOurs);
  EXPECT_EQ(live.values["Auto"], "1");
  const auto restored = restore_aedebug(live, saved);
  ASSERT_TRUE(restored.ok());
  EXPECT_TRUE(*restored);
  EXPECT_EQ(live.values, kWinDbg);
  EXPECT_TRUE(saved.values.empty());
}

TEST(AeDebug, RestoringBringsBackThatThereWasNothing) {
  FakeValues live, saved;
  ASSERT_TRUE(register_aedebug(live, saved, kOurs).ok());
  ASSERT_TRUE(restore_aedebug(live, saved).ok());
  EXPECT_TRUE(live.values.empty());
}

TEST(AeDebug, RegisteringAgainKeepsTheFirstSavedValues) {
  FakeValues live(kWinDbg), saved;
  ASSERT_TRUE(register_aedebug(live, saved, "\"D:\\old\\vigil-dumper.exe\" --jit %ld %ld %p").ok());
  ASSERT_TRUE(register_aedebug(live, saved, kOurs).ok());
  EXPECT_EQ(live.values["Debugger"], kOurs);
  ASSERT_TRUE(restore_aedebug(live, saved).ok());
  EXPECT_EQ(live.values, kWinDbg);
}

TEST(AeDebug, LeavesADebuggerThatSomebodyRegisteredLaterAlone) {
  FakeValues live(kWinDbg), saved;
  ASSERT_TRUE(register_aedebug(live, saved, kOurs).ok());
  live.values["Debugger"] = "procdump -j";
  const auto restored = restore_aedebug(live, saved);
  ASSERT_TRUE(restored.ok());
  EXPECT_FALSE(*restored);
  EXPECT_EQ(live.values["Debugger"], "procdump -j");
  EXPECT_TRUE(saved.values.empty());
}

TEST(AeDebug, RestoringWithoutARegistrationChangesNothing) {
  FakeValues live(kWinDbg), saved;
  const auto restored = restore_aedebug(live, saved);
  ASSERT_TRUE(restored.ok());
  EXPECT_FALSE(*restored);
  EXPECT_EQ(live.values, kWinDbg);
}

}  // namespace
}  // namespace vigil::watch
