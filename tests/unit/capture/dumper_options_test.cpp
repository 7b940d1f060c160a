// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/utf.h"
#include "capture/capture.h"

namespace vigil::capture {
namespace {

using Args = std::vector<std::string>;
using Mode = DumperOptions::Mode;

std::string error_of(const Args& args) {
  const auto parsed = parse_command_line(args);
  return parsed.ok() ? "(accepted)" : parsed.error().message();
}

TEST(DumperOptions, GiveBackWhatTheirCommandLineSays) {
  DumperOptions once{.mode = Mode::Once, .pid = {7}, .dump = rules::DumpKind::Full};
  once.output = path_from_utf8("C:/dumps/gr\xc3\xbc\xc3\x9f.dmp");
  once.compress = false;
  once.min_free_disk_bytes = 1ull << 40;
  DumperOptions hot = once;
  hot.process_start = Timestamp{1'795'318'118'971'692};
  hot.rule = "orders-hot";
  hot.reason = "CPU above 85% of the machine for 30s, 97.3% now";
  hot.occasion = store::Kind::Cpu;
  hot.supervised = true;
  DumperOptions attach{.mode = Mode::Attach, .pid = {0xffff'ffff}, .dump = rules::DumpKind::None};
  attach.inbox = path_from_utf8("C:/Program Data/inbox");
  attach.exit_trap = false;
  attach.rule = "orders \"crash\"";
  attach.exit_codes = {3, 0xc000'0005};
  attach.any_exit_code = true;
  attach.process_start = Timestamp{1'795'318'118'971'692};
  DumperOptions jit{.mode = Mode::Jit, .pid = {1}};
  jit.jit_event = 48;
  jit.jit_info = 0x21ebe0;
  jit.rules_folder = path_from_utf8("C:/rules.d");
  DumperOptions custom = once;
  custom.dump = rules::DumpKind::Custom;
  custom.manner = {.custom = 0x44'0002, .writer = rules::Writer::Dbghelp, .suspend = {}};
  DumperOptions brief = attach;
  brief.dump = rules::DumpKind::MiniPlus;
  brief.manner.suspend = Microseconds(1'500'000);
  brief.exception_texts = {{{0xe06d'7363, 3}, "*a=b,c*"}, {{}, "x"}};
  brief.modules = {"evil*.dll", "C:\\x\\*"};
  brief.thread_ends = {0, 3, 0xffff'ffff};
  brief.thread_starts = {"inject*.dll", "C:\\x\\*"};
  for (const auto& options : {once, hot, attach, jit, custom, brief}) {
    const auto parsed = parse_command_line(to_command_line(options));
    ASSERT_TRUE(parsed.ok()) << parsed.error().message();
    EXPECT_EQ(*parsed, options);
  }
}

TEST(DumperOptions, ReadTheNumbersThatTheSystemPutsBehindJit) {
  const auto two = parse_command_line({"--jit", "324", "48"});
  ASSERT_TRUE(two.ok());
  EXPECT_EQ(two->jit_info, 0u);
  const auto three = parse_command_line({"--jit", "324", "48", "000000000021EBE0"});
  ASSERT_TRUE(three.ok());
  EXPECT_EQ(three->pid, ProcessId{324});
  EXPECT_EQ(three->jit_event, 48u);
  EXPECT_EQ(three->jit_info, 0x21ebe0u);
  const auto options_behind = parse_command_line({"--jit", "324", "48", "--plain"});
  ASSERT_TRUE(options_behind.ok());
  EXPECT_FALSE(options_behind->compress);
}

TEST(DumperOptions, TakeExitCodesAsPeopleWriteThem) {
  const auto parsed =
      parse_command_line({"--attach", "5", "--inbox", "x", "--exit-code", "0xC0000005",
                          "--exit-code", "-1", "--exit-code", "3", "--exception", "0xe06d7363"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->exceptions, std::vector<std::uint32_t>{0xe06d'7363});
  EXPECT_EQ(parsed->exit_codes, (std::vector<std::uint32_t>{0xc000'0005, 0xffff'ffff, 3}));
}

TEST(DumperOptions, SayWhichOptionIsWrongAndWhatWouldBeRight) {
  EXPECT_EQ(error_of({}), "one of --pid, --attach, --jit and --pack is needed; see --help");
  EXPECT_EQ(error_of({"--frob"}), "'--frob' is not an option of vigil-dumper; see --help");
  EXPECT_EQ(error_of({"--pid"}), "--pid needs a value");
  EXPECT_EQ(error_of({"--pid", "0"}), "--pid needs a process id, not '0'");
  EXPECT_EQ(error_of({"--pid", "12x"}), "--pid needs a process id, not '12x'");
  EXPECT_EQ(error_of({"--pid", "4294967296"}), "--pid needs a process id, not '4294967296'");
  EXPECT_EQ(error_of({"--pid", "1", "--attach", "1"}),
            "only one of --pid, --attach, --jit and --pack can be given");
  EXPECT_EQ(error_of({"--pid", "1"}), "--pid needs one of --output and --inbox");
  EXPECT_EQ(error_of({"--pid", "1", "--output", "a", "--inbox", "b"}),
            "--pid needs one of --output and --inbox");
  EXPECT_EQ(error_of({"--pid", "1", "--output", ""}), "--output needs a path that is not empty");
  EXPECT_EQ(error_of({"--pid", "1", "--output", "a", "--kind", "none"}),
            "--pid needs a --kind other than none");
  EXPECT_EQ(error_of({"--pid", "1", "--kind", "huge"}),
            "--kind needs none, triage, mini, miniplus, custom or full, not 'huge'");
  EXPECT_EQ(error_of({"--pid", "1", "--output", "a", "--kind", "custom", "--custom", "0x40000"}),
            "WithTokenInformation: the native writer cannot take it; writer 'dbghelp' can");
  EXPECT_EQ(error_of({"--exception-text", "1,2"}),
            "--exception-text needs CODES=PATTERN, not '1,2'");
  EXPECT_EQ(error_of({"--exception-text", "1,x=a"}),
            "--exception-text needs CODES=PATTERN, not '1,x=a'");
  EXPECT_EQ(error_of({"--exception-text", "1="}), "--exception-text needs CODES=PATTERN, not '1='");
  EXPECT_EQ(error_of({"--module", ""}), "--module needs a pattern that is not empty");
  EXPECT_EQ(error_of({"--writer", "mine"}), "--writer needs native or dbghelp, not 'mine'");
  EXPECT_EQ(error_of({"--suspend", "2s"}), "--suspend needs a number of milliseconds, not '2s'");
  EXPECT_EQ(error_of({"--attach", "1"}), "--attach needs --inbox");
  EXPECT_EQ(error_of({"--attach", "1", "--output", "a"}), "--output goes with --pid only");
  EXPECT_EQ(error_of({"--jit", "1"}), "--jit PID needs a value");
  EXPECT_EQ(error_of({"--jit", "1", "-4"}), "--jit PID needs an event handle, not '-4'");
  EXPECT_EQ(error_of({"--jit", "1", "4", "zz"}),
            "--jit PID EVENT needs a hexadecimal address, not 'zz'");
  EXPECT_EQ(error_of({"--exit-code", "-2147483649"}),
            "--exit-code needs a number of 32 bits, not '-2147483649'");
  EXPECT_EQ(error_of({"--min-free-disk", "5GB"}),
            "--min-free-disk needs a number of bytes, not '5GB'");
}

}  // namespace
}  // namespace vigil::capture
