// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "parsed.h"
#include "support/minidump_streams.h"

namespace vigil::minidump {
namespace {

using test::ByteBuilder;
using test::MinidumpBuilder;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(Crashpad, GivesIdsAndAnnotations) {
  MinidumpBuilder builder;
  test::add_crashpad(
      builder, {{"prod", "Orders"}, {"ver", "4.2.1"}},
      {{.index = 3, .texts = {"out of memory"}, .simple = {{"k", "v"}}, .objects = {{"o", "w"}}}});
  const Parsed parsed(builder);
  const auto& crashpad = parsed.snapshot().crashpad;
  ASSERT_TRUE(crashpad.has_value());
  EXPECT_EQ(crashpad->report_id, "14fdd8b4-4bc3-4353-6162-636465666768");
  EXPECT_EQ(crashpad->client_id, "18b7119e-0001-0002-696a-6b6c6d6e6f70");
  EXPECT_THAT(crashpad->annotations, ElementsAre(Pair("prod", "Orders"), Pair("ver", "4.2.1")));
  ASSERT_EQ(crashpad->modules.size(), 1u);
  EXPECT_EQ(crashpad->modules[0].index, 3u);
  EXPECT_THAT(crashpad->modules[0].texts, ElementsAre("out of memory"));
  EXPECT_THAT(crashpad->modules[0].annotations,
              ElementsAre(Pair("k", "v"), Pair("o", "w"), Pair("own", "3 bytes of type 0x8001")));
  EXPECT_THAT(parsed.notes(), IsEmpty());
}

TEST(Crashpad, KeepsTheOtherAnnotationsWhenOneIsLost) {
  MinidumpBuilder builder;
  const auto key = test::place_utf8(builder, "key"), value = test::place_utf8(builder, "value");
  const auto list = test::location_of(builder, ByteBuilder()
                                                   .u32(3)
                                                   .u32(key)
                                                   .u32(0xffff'fff0)
                                                   .u32(0xffff'fff0)
                                                   .u32(value)
                                                   .u32(key)
                                                   .u32(value)
                                                   .bytes());
  builder.add_stream(0x43500001, ByteBuilder().u32(1).fill(32).raw(list).u64(0).bytes());
  const Parsed parsed(builder);
  const auto& crashpad = parsed.snapshot().crashpad;
  ASSERT_TRUE(crashpad.has_value());
  EXPECT_EQ(crashpad->report_id, "");
  EXPECT_THAT(crashpad->annotations, ElementsAre(Pair("key", ""), Pair("key", "value")));
  ASSERT_EQ(parsed.notes().size(), 2u);
  EXPECT_THAT(parsed.notes()[0], ::testing::StartsWith("Crashpad: annotations: needs 4 bytes"));
}

TEST(Crashpad, NotesAModuleThatIsLost) {
  MinidumpBuilder builder;
  const auto links =
      test::location_of(builder, ByteBuilder().u32(1).u32(5).u32(28).u32(0xffff'fff0).bytes());
  builder.add_stream(0x43500001, ByteBuilder().u32(1).fill(32).u64(0).raw(links).bytes());
  const Parsed parsed(builder);
  EXPECT_THAT(parsed.notes(),
              ElementsAre("Crashpad: module 5: needs 28 bytes at offset 0x0 and has 0 in all"));
}

TEST(Crashpad, StopsAtItsLimitOfAnnotations) {
  MinidumpBuilder builder;
  const auto text = test::place_utf8(builder, "x");
  ByteBuilder list;
  list.u32(5000);
  for (int i = 0; i < 5000; ++i) list.u32(text).u32(text);
  const auto at = test::location_of(builder, list.bytes());
  builder.add_stream(0x43500001, ByteBuilder().u32(1).fill(32).raw(at).u64(0).bytes());
  const Parsed parsed(builder);
  EXPECT_EQ(parsed.snapshot().crashpad->annotations.size(), 4096u);
  EXPECT_FALSE(parsed.notes().empty());
}

TEST(Breakpad, NamesTheThreadsOfTheDump) {
  MinidumpBuilder builder;
  test::add_breakpad_info(builder, 100, 104);
  const Parsed parsed(builder);
  EXPECT_EQ(parsed.snapshot().dump_thread, ThreadId{100});
  EXPECT_EQ(parsed.snapshot().requesting_thread, ThreadId{104});
  MinidumpBuilder invalid;
  invalid.add_stream(0x47670001, ByteBuilder().u32(0).u32(1).u32(2).bytes());
  const Parsed none(invalid);
  EXPECT_FALSE(none.snapshot().dump_thread.has_value());
  EXPECT_FALSE(none.snapshot().requesting_thread.has_value());
}

TEST(Breakpad, GivesAnAssertion) {
  MinidumpBuilder builder;
  test::add_assertion(builder, "total >= 0");
  const Parsed parsed(builder);
  const auto& assertion = parsed.snapshot().assertion;
  ASSERT_TRUE(assertion.has_value());
  EXPECT_EQ(assertion->expression, "total >= 0");
  EXPECT_EQ(assertion->function, "checkout");
  EXPECT_EQ(assertion->file, "cart.cpp");
  EXPECT_EQ(assertion->line, 42u);
  EXPECT_EQ(assertion->kind, snapshot::Assertion::Kind::InvalidParameter);
}

TEST(Breakpad, TakesTheEndOfItsFieldForTheEndOfAText) {
  MinidumpBuilder builder;
  test::add_assertion(builder, std::string(128, 'x'));
  EXPECT_EQ(Parsed(builder).snapshot().assertion->expression, std::string(128, 'x'));
}

TEST(LinuxStreams, GiveProcessorDistributionAndProcess) {
  MinidumpBuilder builder;
  builder.os(0x8201, 0, 0, 0);
  builder.add_stream(0x47670003, "processor\t: 0\nmodel name\t: Xeon \x01 X\nmicrocode\t: 0x2e\n");
  builder.add_stream(0x47670004, "Name:\torders\nPid:\t4711\nPPid:\t1\n");
  builder.add_stream(0x47670005, "DISTRIB_ID=Ubuntu\nDISTRIB_DESCRIPTION=\"Ubuntu 22.04 LTS\"\n");
  const Parsed parsed(builder);
  EXPECT_EQ(parsed.snapshot().system.microcode, "0x2e");
  EXPECT_EQ(parsed.snapshot().system.distribution, "Ubuntu 22.04 LTS");
  EXPECT_EQ(parsed.snapshot().process.pid, ProcessId{4711});
  EXPECT_EQ(parsed.snapshot().system.cpu_model_name.find('\x01'), std::string::npos);
}

TEST(LinuxStreams, TakeNoProcessIdFromNonsense) {
  for (const std::string_view text : {"Pid:\t47x\n", "Pid:\t0\n", "Pid:\t99999999999\n", "Pid"}) {
    MinidumpBuilder builder;
    builder.add_stream(0x47670004, text);
    EXPECT_FALSE(Parsed(builder).snapshot().process.pid.has_value()) << text;
  }
}

TEST(LinuxStreams, PreferTheNameThatPeopleUse) {
  MinidumpBuilder builder;
  builder.add_stream(0x47670005, "PRETTY_NAME=\"Debian GNU/Linux 12\"\nNAME=\"Debian\"");
  EXPECT_EQ(Parsed(builder).snapshot().system.distribution, "Debian GNU/Linux 12");
}

}  // namespace
}  // namespace vigil::minidump
