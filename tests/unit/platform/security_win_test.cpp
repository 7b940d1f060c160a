// SPDX-License-Identifier: Apache-2.0
#include "platform/win/security.h"

#include <windows.h>

#include <aclapi.h>

#include <gtest/gtest.h>

#include "platform/platform.h"

namespace vigil::platform {
namespace {

class WhoMayWrite : public ::testing::Test {
 protected:
  WhoMayWrite() { EXPECT_TRUE(write_file_atomically(file_, "schema: 1\n").ok()); }
  ~WhoMayWrite() override { std::filesystem::remove(file_); }

  void give_access(std::string_view sddl) {
    const auto descriptor = security_descriptor(sddl);
    ASSERT_TRUE(descriptor.ok());
    ASSERT_NE(::SetFileSecurityW(file_.c_str(), DACL_SECURITY_INFORMATION, descriptor->get()),
              FALSE);
  }
  std::filesystem::path file_ =
      std::filesystem::temp_directory_path() / L"vigil-who-may-write.yaml";
};

TEST_F(WhoMayWrite, OfAFileOfOnesOwnNobodyElse) {
  give_access("D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;0x1200a9;;;WD)");
  const auto who = who_else_may_write(file_);
  ASSERT_TRUE(who.ok()) << who.error().message();
  EXPECT_EQ(*who, "");
  EXPECT_EQ(why_not_to_be_trusted(file_), "");
}

TEST_F(WhoMayWrite, EverybodyIsNamed) {
  give_access("D:P(A;;FA;;;SY)(A;;FA;;;WD)");
  const auto who = who_else_may_write(file_);
  ASSERT_TRUE(who.ok()) << who.error().message();
  EXPECT_NE(*who, "");
  EXPECT_NE(why_not_to_be_trusted(file_).find("may write it"), std::string::npos);
}

TEST_F(WhoMayWrite, OfAFileThatIsNotThereNothingIsKnown) {
  EXPECT_EQ(who_else_may_write(file_.parent_path() / L"nowhere.yaml").error().code(),
            Errc::NotFound);
  EXPECT_NE(why_not_to_be_trusted(file_.parent_path() / L"nowhere.yaml"), "");
}

}  // namespace
}  // namespace vigil::platform
