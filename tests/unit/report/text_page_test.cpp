// SPDX-License-Identifier: Apache-2.0
#include "report/text_page.h"

#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace vigil::report {
namespace {

TEST(TerminalSafe, ReplacesEscapeSequencesAndLineBreaks) {
  EXPECT_EQ(terminal_safe("a\x1b[31mb\r\nc\td"), "a�[31mb� c d");
}

TEST(TerminalSafe, ReplacesC1ControlsAndMarksOfDirection) {
  EXPECT_EQ(terminal_safe("a\xc2\x9b"
                          "2Jb\xe2\x80\xae"
                          "exe.txt\xe2\x81\xa6"),
            "a�2Jb�exe.txt�");
}

TEST(TerminalSafe, KeepsNamesOfOtherScripts) {
  EXPECT_EQ(terminal_safe("Größe–日本"), "Größe–日本");
}

TEST(Clip, CountsCodePointsAndMarksTheCut) {
  EXPECT_EQ(clip("Größe", 5), "Größe");
  EXPECT_EQ(clip("Größen", 5), "Größ…");
}

TEST(TextPage, WrapsAtSpacesAndIndentsWhatFollows) {
  TextPage page(false);
  page.field("Comment", std::string(60, 'a') + ' ' + std::string(40, 'b'));
  EXPECT_EQ(std::move(page).take(), "  Comment       " + std::string(60, 'a') + "\n" +
                                        std::string(16, ' ') + std::string(40, 'b') + "\n");
}

TEST(TextPage, KeepsAnyTextWithinItsColumns) {
  TextPage page(true);
  page.field("Comment", std::string(500, 'x'));
  page.line(std::string(99, 'y') + ' ' + std::string(300, 'z'));
  std::istringstream lines(std::move(page).take());
  for (std::string line; std::getline(lines, line);) EXPECT_LE(columns(line), kPageColumns) << line;
}

TEST(TextPage, LeavesOutAFieldWithoutAValue) {
  TextPage page(false);
  page.field("Comment", "");
  EXPECT_EQ(std::move(page).take(), "");
}

}  // namespace
}  // namespace vigil::report
