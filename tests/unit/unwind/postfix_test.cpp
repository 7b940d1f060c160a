// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "unwind/postfix.h"

namespace vigil::unwind {
namespace {

class MapMachine final : public Machine {
 public:
  std::map<std::string, std::uint64_t, std::less<>> values{{"$a", 100}, {"$b", 7}};
  std::map<std::uint64_t, std::uint64_t> memory{{104, 55}};

  std::optional<std::uint64_t> get(std::string_view name) const override {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  }
  bool set(std::string_view name, std::uint64_t value) override {
    if (name == "$fixed") return false;
    values.insert_or_assign(std::string(name), value);
    return true;
  }
  std::optional<std::uint64_t> load(std::uint64_t address) const override {
    const auto found = memory.find(address);
    return found == memory.end() ? std::nullopt : std::optional(found->second);
  }
};

std::optional<std::uint64_t> value_of(std::string_view expression) {
  MapMachine machine;
  return evaluate(expression, machine);
}

TEST(Postfix, Computes) {
  EXPECT_EQ(value_of("42"), 42u);
  EXPECT_EQ(value_of("$a"), 100u);
  EXPECT_EQ(value_of("$a 4 + ^"), 55u);
  EXPECT_EQ(value_of("$a $b -"), 93u);
  EXPECT_EQ(value_of("$a $b *"), 700u);
  EXPECT_EQ(value_of("$a $b /"), 14u);
  EXPECT_EQ(value_of("$a $b %"), 2u);
  EXPECT_EQ(value_of("$a 16 @"), 96u);
  EXPECT_EQ(value_of("$a -8 +"), 92u);
  EXPECT_EQ(value_of("  $a   8   +  "), 108u);
}

TEST(Postfix, HasNoValueForWhatIsDamagedOrUnknown) {
  for (const auto* expression :
       {"", " ", "+", "1 +", "1 2", "$unknown", "$a ^", "1 0 /", "1 0 %", "1 0 @", "12x", "-",
        "99999999999999999999", "$a 1 =", "$unknown 1 +"}) {
    EXPECT_EQ(value_of(expression), std::nullopt) << expression;
  }
}

TEST(Postfix, GoesNoDeeperThanItsStack) {
  std::string expression = "1";
  for (int i = 0; i < 1000; ++i) expression += " 1";
  EXPECT_EQ(value_of(expression), std::nullopt);
}

TEST(PostfixProgram, AssignsInOrder) {
  MapMachine machine;
  ASSERT_TRUE(run_program("$T0 $a 4 + = $a $T0 ^ = $b $T0 8 + =", machine));
  EXPECT_EQ(machine.values["$T0"], 104u);
  EXPECT_EQ(machine.values["$a"], 55u);
  EXPECT_EQ(machine.values["$b"], 112u);
}

TEST(PostfixProgram, NeedsNoSpaceBehindAnAssignment) {
  MapMachine machine;
  ASSERT_TRUE(run_program("$T0 $a 4 + =$b $T0 ^ =$c 1 =", machine));
  EXPECT_EQ(machine.values["$T0"], 104u);
  EXPECT_EQ(machine.values["$b"], 55u);
  EXPECT_EQ(machine.values["$c"], 1u);
}

TEST(PostfixProgram, FailsWhereAnAssignmentCannotBeMade) {
  for (const auto* program :
       {"=", "1 =", "1 2 =", "$fixed 1 =", "$T0 $unknown =", "$T0 1", "$T0 = 1"}) {
    MapMachine machine;
    EXPECT_FALSE(run_program(program, machine)) << program;
  }
}

}  // namespace
}  // namespace vigil::unwind
