// SPDX-License-Identifier: Apache-2.0
#include "base/guid.h"

#include <gtest/gtest.h>

namespace vigil {
namespace {

constexpr Guid kGuid = {
    0x3f2504e0, 0x4f89, 0x11d3, {0x9a, 0x0c, 0x03, 0x05, 0xe8, 0x2c, 0x33, 0x01}};

TEST(Guid, IsWrittenAsSymbolStoresDo) {
  EXPECT_EQ(guid_digits(kGuid), "3F2504E04F8911D39A0C0305E82C3301");
  EXPECT_EQ(debug_id_of(kGuid, 0x1a), "3F2504E04F8911D39A0C0305E82C33011a");
}

TEST(Guid, IsWrittenWithDashes) {
  EXPECT_EQ(guid_with_dashes(kGuid), "3f2504e0-4f89-11d3-9a0c-0305e82c3301");
}

}  // namespace
}  // namespace vigil
