// SPDX-License-Identifier: Apache-2.0
#include "capture/exception_text.h"

#include <gtest/gtest.h>

#include "capture/capture.h"
#include "unit/capture/fakes.h"

namespace vigil::capture {
namespace {

using testing::FakeMemory;

constexpr std::uint64_t kBase = 0x1'4000'0000;

/// A thrown type as Microsoft's compiler describes it, at offsets typed from its documentation.
struct Thrown {
  FakeMemory memory;
  std::vector<std::uint64_t> parameters = {0x1993'0520, 0x5000, kBase + 0x100, kBase};

  explicit Thrown(const std::string& name) {
    memory.write_value<std::uint32_t>(kBase + 0x100 + 12, 0x200);  // the list of types
    memory.write_value<std::uint32_t>(kBase + 0x200, 1);
    memory.write_value<std::uint32_t>(kBase + 0x200 + 4, 0x300);  // the first of them
    memory.write_value<std::uint32_t>(kBase + 0x300 + 4, 0x400);  // its descriptor
    memory.write(kBase + 0x400 + 16, name);
  }
  [[nodiscard]] std::string text() { return exception_text(memory, kCppExceptionCode, parameters); }
};

TEST(ExceptionText, OfACppExceptionIsTheTypeThatWasThrown) {
  EXPECT_EQ(Thrown(".?AVtimeout_error@orders@@").text(), "orders::timeout_error");
  EXPECT_EQ(Thrown(".?AUerror_code@detail@orders@@").text(), "orders::detail::error_code");
  EXPECT_EQ(Thrown(".?AVbase@@").text(), "base");
  EXPECT_EQ(Thrown(".H").text(), ".H");
  EXPECT_EQ(Thrown(".?AV?$box@H@orders@@").text(), ".?AV?$box@H@orders@@");
}

TEST(ExceptionText, IsPrintableAndHasAnEnd) {
  EXPECT_EQ(Thrown("a\x1b[31m").text().find('\x1b'), std::string::npos);
  const auto text = Thrown(std::string(5000, 'x')).text();
  EXPECT_EQ(text, std::string(kMaxEventText, 'x'));
}

TEST(ExceptionText, IsEmptyWhereTheWayToTheNameIsDamaged) {
  const auto without = [](auto&& damage) {
    Thrown thrown(".?AVbase@@");
    damage(thrown);
    return thrown.text();
  };
  EXPECT_EQ(without([](Thrown& t) { t.parameters[0] = 1; }), "");
  EXPECT_EQ(without([](Thrown& t) { t.parameters[2] = 0; }), "");
  EXPECT_EQ(without([](Thrown& t) { t.parameters[2] = 0xffff'ffff'ffff'fff8; }), "");
  EXPECT_EQ(without([](Thrown& t) { t.parameters[3] = 0xdead'0000'0000; }), "");
  EXPECT_EQ(without([](Thrown& t) { t.parameters.resize(3); }), "");
  EXPECT_EQ(without([](Thrown& t) { t.memory.write_value<std::uint32_t>(kBase + 0x10c, 0); }), "");
  EXPECT_EQ(
      without([](Thrown& t) { t.memory.write_value<std::uint32_t>(kBase + 0x204, 0xffff'ffff); }),
      "");
  EXPECT_EQ(without([](Thrown& t) { t.memory.write_value<std::uint32_t>(kBase + 0x304, 0); }), "");
}

TEST(ExceptionText, OfALineForADebuggerIsTheLine) {
  FakeMemory memory;
  memory.write(0x1000, std::string("timeout of the bank\r\n\0 behind", 30));
  EXPECT_EQ(exception_text(memory, kDebugPrintCode, std::vector<std::uint64_t>{22, 0x1000}),
            "timeout of the bank");
  EXPECT_EQ(exception_text(memory, kDebugPrintCode, std::vector<std::uint64_t>{7, 0x1000}),
            "timeout");
  memory.write(0x2000, std::string("\xfc\0b\0\0\0", 6));
  EXPECT_EQ(exception_text(memory, kDebugPrintWideCode, std::vector<std::uint64_t>{3, 0x2000}),
            "\xc3\xbc"
            "b");
  EXPECT_EQ(exception_text(memory, kDebugPrintCode, std::vector<std::uint64_t>{9, 0x9'0000}), "");
  EXPECT_EQ(exception_text(memory, kDebugPrintCode, std::vector<std::uint64_t>{9}), "");
  EXPECT_EQ(exception_text(memory, 0xc000'0005, std::vector<std::uint64_t>{9, 0x1000}), "");
}

}  // namespace
}  // namespace vigil::capture
