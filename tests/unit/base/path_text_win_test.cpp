// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "base/utf.h"

namespace vigil {
namespace {

TEST(PathText, ShowsANameThatIsNotUtf16) {
  const std::filesystem::path path(std::wstring{L'a', wchar_t{0xd800}, L'b'});
  EXPECT_EQ(utf8_from_path(path),
            "a\xef\xbf\xbd"
            "b");
}

TEST(PathText, TakesTextThatIsNotUtf8) {
  EXPECT_EQ(path_from_utf8("a\xff").native(), (std::wstring{L'a', wchar_t{0xfffd}}));
}

}  // namespace
}  // namespace vigil
