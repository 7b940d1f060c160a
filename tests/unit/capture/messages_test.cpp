// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "capture/capture.h"

namespace vigil::capture {
namespace {

store::Signal example_signal() {
  store::Signal signal;
  signal.source = store::Source::Attach;
  signal.kind = store::Kind::Exit;
  signal.at = {1'700'000'000'000'001};
  signal.pid = {4242};
  signal.process_start = Timestamp{1'600'000'000'000'002};
  signal.process = "gr\xc3\xbc\xc3\x9f.exe";
  signal.path = "C:\\Program Files\\gr\xc3\xbc\xc3\x9f.exe";
  signal.command_line = "\"gr\xc3\xbc\xc3\x9f.exe\" --x=\"1\"";
  signal.exception_code = 0xc0000005;
  signal.exit_code = 3;
  signal.fault_key = "c0000005|orders.dll+1a2b";
  signal.detail = "a sentence";
  signal.text = "orders::timeout_error";
  return signal;
}

InboxEvent example_event() {
  return {.signal = example_signal(),
          .dump_file = "gruss.exe-4242.dmp.zst",
          .dump = rules::DumpKind::Full,
          .rule = "orders-crash",
          .decided = true};
}

void expect_same(const store::Signal& a, const store::Signal& b) {
  EXPECT_EQ(a.source, b.source);
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.at, b.at);
  EXPECT_EQ(a.pid, b.pid);
  EXPECT_EQ(a.process_start, b.process_start);
  EXPECT_EQ(a.process, b.process);
  EXPECT_EQ(a.path, b.path);
  EXPECT_EQ(a.command_line, b.command_line);
  EXPECT_EQ(a.exception_code, b.exception_code);
  EXPECT_EQ(a.exit_code, b.exit_code);
  EXPECT_EQ(a.fault_key, b.fault_key);
  EXPECT_EQ(a.detail, b.detail);
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::string error_of(const std::string& json) {
  const auto event = inbox_event_from_json(json);
  return event.ok() ? "(accepted)" : event.error().message();
}

TEST(InboxEvent, SurvivesTheWayThroughAFile) {
  const auto event = inbox_event_from_json(to_json(example_event()));
  ASSERT_TRUE(event.ok()) << event.error().message();
  expect_same(event->signal, example_signal());
  EXPECT_EQ(event->dump_file, "gruss.exe-4242.dmp.zst");
  EXPECT_EQ(event->dump, rules::DumpKind::Full);
  EXPECT_EQ(event->rule, "orders-crash");
  EXPECT_TRUE(event->decided);
}

TEST(InboxEvent, KeepsWhatIsNotKnownNotKnown) {
  const auto event = inbox_event_from_json(to_json(InboxEvent{}));
  ASSERT_TRUE(event.ok()) << event.error().message();
  expect_same(event->signal, store::Signal{});
  EXPECT_EQ(event->dump_file, "");
  EXPECT_FALSE(event->decided);
}

TEST(InboxEvent, StaysReadableWhateverItsTextsAre) {
  auto event = example_event();
  for (auto* text : {&event.signal.process, &event.signal.path, &event.signal.command_line,
                     &event.signal.fault_key, &event.signal.detail, &event.rule}) {
    *text = std::string(200'000, '"') + "\xff\xfe";
  }
  const auto json = to_json(event);
  EXPECT_LE(json.size(), kMaxEventBytes);
  EXPECT_TRUE(inbox_event_from_json(json).ok());
  event.signal.command_line = "a\xff\x01\x1b[31mb";
  const auto back = inbox_event_from_json(to_json(event));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->signal.command_line.find('\x1b'), std::string::npos);
}

TEST(InboxEvent, CutsLongTextBetweenTwoCharacters) {
  auto event = example_event();
  event.rule.clear();
  for (int i = 0; i < 1000; ++i) event.rule += "\xe2\x82\xac";
  const auto back = inbox_event_from_json(to_json(event));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->rule.size(), 1023u);
}

TEST(InboxEvent, IsRefusedCutOffAnywhere) {
  const auto json = to_json(example_event());
  for (std::size_t length = 0; length < json.size(); ++length) {
    EXPECT_FALSE(inbox_event_from_json(std::string_view(json).substr(0, length)).ok()) << length;
  }
}

TEST(InboxEvent, IsRefusedWithAByteTooMany) {
  EXPECT_FALSE(inbox_event_from_json(to_json(example_event()) + "x").ok());
}

TEST(InboxEvent, NeverBreaksItsReaderWhateverByteIsChanged) {
  const auto json = to_json(example_event());
  for (std::size_t i = 0; i < json.size(); ++i) {
    for (const char c : {'\0', '\xff', '"', '{', '}', '-', '9', ' '}) {
      auto broken = json;
      broken[i] = c;
      const auto event = inbox_event_from_json(broken);
      if (!event.ok()) continue;
      EXPECT_EQ(event->dump_file.find_first_of("/\\:"), std::string::npos);
    }
  }
}

TEST(InboxEvent, IsRefusedWhereTypesOrNamesAreWrong) {
  const auto json = to_json(example_event());
  EXPECT_EQ(error_of(""), "event file: is not JSON");
  EXPECT_EQ(error_of("[]"), "event file: is not a JSON object");
  EXPECT_EQ(error_of("{}"), "event file: signal: is missing");
  EXPECT_EQ(error_of(replaced(json, "\"schema\":1", "\"schema\":2")),
            "event file: schema 2, and this program reads 1");
  EXPECT_EQ(error_of(replaced(json, "\"decided\":true", "\"decided\":1")),
            "event file: decided: is neither true nor false");
  EXPECT_EQ(error_of(replaced(json, "\"decided\"", "\"decidet\"")),
            "event file: 'decidet' is not a known name");
  EXPECT_EQ(error_of(replaced(json, "\"decided\":true", "\"schema\":1")),
            "event file: has 'schema' twice");
  EXPECT_EQ(error_of(replaced(json, "\"full\"", "\"huge\"")),
            "event file: dump: 'huge' is not known");
  EXPECT_EQ(error_of(replaced(json, "\"pid\":4242", "\"pid\":-1")),
            "signal: pid: is not a whole number from 0 on");
  EXPECT_EQ(error_of(replaced(json, "\"pid\":4242", "\"pid\":4294967296")),
            "signal: pid: 4294967296 is more than 4294967295");
  EXPECT_EQ(error_of(replaced(json, "\"pid\":4242", "\"pid\":\"4242\"")),
            "signal: pid: is not a whole number from 0 on");
  EXPECT_EQ(error_of(replaced(json, "\"pid\":4242,", "")), "signal: pid: is missing");
  EXPECT_EQ(error_of(replaced(json, "\"attach\"", "\"telepathy\"")),
            "signal: source: 'telepathy' is not known");
  EXPECT_EQ(error_of(std::string(100'000, '[')),
            "event file: 100000 bytes, and the limit is 65536");
  EXPECT_EQ(error_of(std::string(60'000, '[')), "event file: is not JSON");
}

TEST(InboxEvent, IsRefusedWhereTheDumpIsMoreThanAPlainFileName) {
  const auto json = to_json(example_event());
  for (const char* name :
       {"../a.dmp", "a/b.dmp", "C:a.dmp", "a\\\\b.dmp", ".dmp", "..dmp", "a.dmp:s.dmp", "a.exe",
        "a.dmp ", "a.dmp.", "nul.dmp", "COM1.x.dmp", "a*.dmp", "a\\u0000b.dmp", "a\\nb.dmp",
        "a\\u001bb.dmp", "CONIN$.dmp", "a.zst"}) {
    EXPECT_FALSE(inbox_event_from_json(replaced(json, "gruss.exe-4242.dmp.zst", name)).ok())
        << name;
  }
  for (const char* name :
       {"a.dmp", "OrdersApi.exe.1234.dmp", "a.DMP.zst", "gr\xc3\xbc\xc3\x9f.dmp", "com12.dmp"}) {
    EXPECT_TRUE(inbox_event_from_json(replaced(json, "gruss.exe-4242.dmp.zst", name)).ok()) << name;
  }
}

TEST(DumperMessage, SurvivesTheWayThroughAPipe) {
  for (const auto type :
       {DumperMessage::Type::Attached, DumperMessage::Type::Asking, DumperMessage::Type::Handed,
        DumperMessage::Type::Exited, DumperMessage::Type::Failed}) {
    const DumperMessage message{
        .type = type, .signal = example_signal(), .exit_code = 0xc0000409, .text = "a\nb"};
    const auto line = to_json_line(message);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    const auto back = dumper_message_from_json(line);
    ASSERT_TRUE(back.ok()) << back.error().message();
    EXPECT_EQ(back->type, type);
    expect_same(back->signal, message.signal);
    EXPECT_EQ(back->exit_code, message.exit_code);
    EXPECT_EQ(back->text, "a\nb");
  }
}

TEST(DumperMessage, TellsOfWhatOnlyItsDumperSees) {
  for (const auto kind : {store::Kind::Exception, store::Kind::Module, store::Kind::ThreadEnd,
                          store::Kind::ThreadStart}) {
    DumperMessage message{.type = DumperMessage::Type::Asking, .signal = example_signal()};
    message.signal.kind = kind;
    message.signal.text = "C:\\x\\inject.dll";
    const auto back = dumper_message_from_json(to_json_line(message));
    ASSERT_TRUE(back.ok()) << back.error().message();
    EXPECT_EQ(back->signal.kind, kind);
    EXPECT_EQ(back->signal.text, message.signal.text);
  }
  DumperMessage message{.type = DumperMessage::Type::Asking};
  message.signal.kind = store::Kind::Threads;  // The sampler's own word.
  EXPECT_FALSE(dumper_message_from_json(to_json_line(message)).ok());
}

TEST(DumperMessage, IsRefusedWithoutAKnownType) {
  const auto line = to_json_line(DumperMessage{});
  EXPECT_FALSE(dumper_message_from_json(replaced(line, "attached", "attacked")).ok());
  EXPECT_FALSE(
      dumper_message_from_json(replaced(line, "\"type\":\"attached\"", "\"text\":\"\"")).ok());
}

TEST(Decision, SurvivesTheWayThroughAPipe) {
  const rules::Decision decision{
      .dump = rules::DumpKind::Custom,
      .rule = "r",
      .reason = "because",
      .limited = true,
      .manner = {
          .custom = 0x1826, .writer = rules::Writer::Dbghelp, .suspend = Microseconds(2'500'000)}};
  const auto back = decision_from_json(to_json_line(decision));
  ASSERT_TRUE(back.ok()) << back.error().message();
  EXPECT_EQ(back->dump, decision.dump);
  EXPECT_EQ(back->rule, "r");
  EXPECT_EQ(back->reason, "because");
  EXPECT_TRUE(back->limited);
  EXPECT_EQ(back->manner, decision.manner);
}

TEST(Decision, IsTakenNativelyAndWithoutABudgetWhereItSaysNothing) {
  const auto line = to_json_line(rules::Decision{rules::DumpKind::Mini, "r", "because", false});
  EXPECT_EQ(line.find("writer"), std::string::npos) << line;
  const auto back = decision_from_json(line);
  ASSERT_TRUE(back.ok()) << back.error().message();
  EXPECT_EQ(back->manner, rules::Manner{});
}

TEST(Decision, IsNeverReadFromTheDetachLine) {
  EXPECT_FALSE(decision_from_json(kDetachLine).ok());
}

}  // namespace
}  // namespace vigil::capture
