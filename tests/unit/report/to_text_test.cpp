// SPDX-License-Identifier: Apache-2.0
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "report/report.h"
#include "support/golden.h"
#include "unit/report/sample_report.h"

namespace vigil::report {
namespace {

constexpr TextOptions kPlain{.color = false, .all_threads = true, .utc = true};

std::filesystem::path golden(const char* name) {
  return std::filesystem::path(VIGIL_SOURCE_DIR) / "tests/golden/report" / name;
}

TEST(ToText, ShowsTheWholeReport) {
  test::expect_golden(golden("full.txt"), to_text(sample_report(), kPlain));
}

TEST(ToText, ShowsOnlyTheBlamedThreadWhenAsked) {
  auto options = kPlain;
  options.all_threads = false;
  test::expect_golden(golden("brief.txt"), to_text(sample_report(), options));
}

TEST(ToText, SaysSoWhenThereIsNothing) {
  test::expect_golden(golden("empty.txt"), to_text(Report{}, kPlain));
}

TEST(ToText, LeavesOutEachFigureThatIsNotKnown) {
  Report r;
  r.memory.physical_available = 4096;
  const auto text = to_text(r, kPlain);
  for (const auto* label : {"Working set", "Page file", "commit", "Handles", "Mutexes", "Crashpad"})
    EXPECT_EQ(text.find(label), std::string::npos) << label;
  EXPECT_NE(text.find("Machine       4.0 KiB of memory available"), std::string::npos);
}

TEST(ToText, HasSixSectionsInOrder) {
  const auto text = to_text(Report{}, kPlain);
  std::size_t last = 0;
  for (const auto* title :
       {"SYNOPSIS", "PROCESSORS", "SYSTEM STATE", "MODULES AND", "THREADS AND", "EXCEPTION"}) {
    const auto position = text.find(title);
    ASSERT_NE(position, std::string::npos) << title;
    EXPECT_GE(position, last) << title;
    last = position;
  }
}

TEST(ToText, LetsNoNameReachTheTerminalAsAnEscapeSequence) {
  const std::string evil =
      "\x1b[2J\x07\r\n\xc2\x9b"
      "31m";
  Report r = sample_report();
  r.synopsis = r.comment = r.signature.text = r.process.name = r.system.os = r.system.cpu_info =
      evil;
  r.analyzer = r.status = r.dump_format = r.system.cpu = r.system.os_version = evil;
  r.crash->name = r.crash->meaning = r.crash->access = evil;
  r.crash->decoded = r.diagnostics = r.streams = {evil};
  r.unloaded_modules[0].name = evil;
  r.system.os_product = r.system.cpu_model_name = r.system.cpu_microcode = r.system.time_zone =
      evil;
  r.process.integrity = evil;
  r.handle_summary->types[0].type = r.handles[0].name = r.handles[0].type = evil;
  r.crashpad->report_id = evil;
  r.crashpad->annotations[0] = {evil, evil};
  r.assertion = Assertion{evil, evil, evil, evil, 1};
  for (auto& module : r.modules) module.path = module.version = module.symbols = evil;
  for (auto& thread : r.threads) {
    thread.name = thread.stop_reason = thread.registers[0].first = evil;
    for (auto& frame : thread.frames)
      frame.module = frame.function = frame.file = frame.trust = evil;
  }
  for (const char c : to_text(r, kPlain)) {
    EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << static_cast<int>(c);
  }
  EXPECT_EQ(to_text(r, kPlain).find("\xc2\x9b"), std::string::npos);
}

TEST(ToText, StaysWithinAHundredColumnsWhateverTheNames) {
  Report r = sample_report();
  r.threads[1].frames[1].function = std::string(400, 'f');
  r.threads[1].name = std::string(150, 't');
  r.modules[0].path = r.modules[0].version = std::string(150, 'm');
  std::istringstream lines(to_text(r, kPlain));
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(line.size(), 110u) << line;  // bytes; the ellipsis takes three for one column
  }
}

TEST(ToText, ColoursOnlyWhenAsked) {
  EXPECT_EQ(to_text(sample_report(), kPlain).find('\x1b'), std::string::npos);
  auto options = kPlain;
  options.color = true;
  EXPECT_NE(to_text(sample_report(), options).find("\x1b[1;31m"), std::string::npos);
}

TEST(ToText, SaysOfEachThreadWhatItDidInTheSamples) {
  const Samples samples{3, 10'200};
  EXPECT_EQ(in_words({"same", 3}, samples), "did not move in 3 samples");
  EXPECT_EQ(in_words({"ran", 3}, samples), "ran, and was at the same place in 3 samples");
  EXPECT_EQ(in_words({"innermost", 3}, samples),
            "moved only within its innermost frame in 3 samples");
  EXPECT_EQ(in_words({"changed", 3}, samples), "moved in 3 samples");
  EXPECT_EQ(in_words({"unknown", 3}, samples), "may have moved in 3 samples");
  EXPECT_EQ(in_words({"a word of later", 3}, samples), "may have moved in 3 samples");
  EXPECT_EQ(in_words({"same", 2}, samples), "did not move in 2 samples, then ended");
  EXPECT_EQ(in_words({"unknown", 1}, samples), "ended before the second sample");
}

}  // namespace
}  // namespace vigil::report
