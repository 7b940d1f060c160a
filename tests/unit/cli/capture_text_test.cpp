// SPDX-License-Identifier: Apache-2.0
#include "capture_text.h"

#include <gtest/gtest.h>

namespace vigil::cli {
namespace {

store::Capture with_codes(std::optional<std::uint32_t> exception,
                          std::optional<std::uint32_t> exit) {
  store::Capture capture;
  capture.exception_code = exception;
  capture.exit_code = exit;
  return capture;
}

TEST(WhatHappened, NamesTheExceptionBeforeTheExitCode) {
  EXPECT_EQ(what_happened(with_codes(0xc0000005, 0xc0000005)), "ACCESS_VIOLATION");
  EXPECT_EQ(what_happened(with_codes(0xe0001234, {})), "0xe0001234");
}

TEST(WhatHappened, NamesAnExitCode) {
  EXPECT_EQ(what_happened(with_codes({}, 3)), "exit 3");
  EXPECT_EQ(what_happened(with_codes({}, 0xc0000005)), "exit ACCESS_VIOLATION");
  EXPECT_EQ(what_happened(with_codes({}, 0xc0ffee00)), "exit 0xc0ffee00");
}

TEST(WhatHappened, FallsBackToTheKind) {
  store::Capture capture;
  EXPECT_EQ(what_happened(capture), "crash");
  capture.kind = store::Kind::Manual;
  EXPECT_EQ(what_happened(capture), "manual dump");
}

TEST(DumpInWords, TellsOnlyOfADumpThatIsThere) {
  store::Capture capture;
  EXPECT_EQ(dump_in_words(capture), "none");
  capture.dump_kind = "full";
  capture.dump_file = "2026/11/1.dmp";
  capture.dump_bytes = 2048;
  capture.state = store::State::Capturing;
  EXPECT_EQ(dump_in_words(capture), "none");
  capture.state = store::State::Captured;
  EXPECT_EQ(dump_in_words(capture), "full 2.0 KiB");
}

TEST(DumpPath, IsBelowTheDataFolder) {
  Context context;
  context.data_folder = "data";
  store::Capture capture;
  EXPECT_TRUE(dump_path(context, capture).empty());
  capture.dump_file = "2026/11/1.dmp";
  EXPECT_EQ(dump_path(context, capture), std::filesystem::path("data") / "2026" / "11" / "1.dmp");
}

}  // namespace
}  // namespace vigil::cli
