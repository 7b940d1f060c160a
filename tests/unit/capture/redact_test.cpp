// SPDX-License-Identifier: Apache-2.0
#include "capture/redact.h"

#include <gtest/gtest.h>

#include "unit/capture/fakes.h"

namespace vigil::capture {
namespace {

using testing::bytes_of;
using testing::FakeMemory;

constexpr std::uint64_t kStack = 0x20000;
constexpr std::uint64_t kCode = 0x40'0000;

std::uint64_t word_at(TargetMemory& memory, std::uint64_t address) {
  return memory.read_value<std::uint64_t>(address).value_or(0xdead);
}

struct Filtered {
  FakeMemory beneath;
  FilteredMemory memory{beneath, {{kStack, 0x100}}, {{kStack, 0x1000}, {kCode, 0x1000}}};
  Filtered() {
    beneath.write_value<std::uint64_t>(kStack, kCode + 0x123);      // a return address
    beneath.write_value<std::uint64_t>(kStack + 8, kStack + 0x80);  // a frame pointer
    beneath.write(kStack + 16, "password");
    beneath.write_value<std::uint64_t>(kStack + 24, kCode + 0x1000);  // one past the code
    beneath.write(kStack + 0x100, "not on the stack");
  }
};

TEST(FilteredMemory, KeepsOnAStackWhatPointsIntoCodeOrAStack) {
  Filtered filtered;
  EXPECT_EQ(word_at(filtered.memory, kStack), kCode + 0x123);
  EXPECT_EQ(word_at(filtered.memory, kStack + 8), kStack + 0x80);
  EXPECT_EQ(word_at(filtered.memory, kStack + 16), 0u);
  EXPECT_EQ(word_at(filtered.memory, kStack + 24), 0u);
  EXPECT_NE(word_at(filtered.memory, kStack + 0x100), 0u);
}

TEST(FilteredMemory, ShowsNothingOfAWordThatIsReadInPart) {
  Filtered filtered;
  std::vector<std::byte> bytes(14);
  ASSERT_TRUE(filtered.memory.read(kStack + 13, bytes));  // the end of one word, one, and a start
  EXPECT_EQ(bytes, std::vector<std::byte>(14));
  ASSERT_TRUE(filtered.memory.read(kStack + 0xfc, bytes));
  EXPECT_EQ(bytes[4], std::byte{'n'});
}

TEST(FilteredMemory, ReadsNothingThatCannotBeRead) {
  Filtered filtered;
  std::vector<std::byte> bytes(8);
  EXPECT_FALSE(filtered.memory.read(0x9'0000, bytes));
}

TEST(WithoutUser, LeavesTheRestOfThePath) {
  EXPECT_EQ(without_user(u"C:\\Users\\anna\\AppData\\orders.dll"),
            u"C:\\Users\\(user)\\AppData\\orders.dll");
  EXPECT_EQ(without_user(u"D:\\home\\USERS\\anna\\a.dll"), u"D:\\home\\USERS\\(user)\\a.dll");
  EXPECT_EQ(without_user(u"C:\\Documents and Settings\\anna\\a.dll"),
            u"C:\\Documents and Settings\\(user)\\a.dll");
  EXPECT_EQ(without_user(u"C:\\Windows\\System32\\ntdll.dll"), u"C:\\Windows\\System32\\ntdll.dll");
  EXPECT_EQ(without_user(u"C:\\Users\\anna.exe"), u"C:\\Users\\anna.exe");
  EXPECT_EQ(without_user(u""), u"");
}

TEST(WithoutFolder, KeepsTheNameAndWhatStandsBeforeIt) {
  const std::string head = "RSDS0123456789abcdef....";
  EXPECT_EQ(without_folder(bytes_of(head + "C:\\Users\\anna\\src\\orders.pdb")),
            bytes_of(head + "orders.pdb"));
  EXPECT_EQ(without_folder(bytes_of(head + "/src/orders.pdb")), bytes_of(head + "orders.pdb"));
  EXPECT_EQ(without_folder(bytes_of(head + "orders.pdb")), bytes_of(head + "orders.pdb"));
  EXPECT_EQ(without_folder(bytes_of("RSDS\\")), bytes_of("RSDS\\"));
}

}  // namespace
}  // namespace vigil::capture
