// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "unit/pdb/pdb_support.h"

// Whatever is done to a database, reading it ends, and ends without a fault.
namespace vigil::test {
namespace {

TEST(PdbDamage, IsSurvivedAtEveryLength) {
  const std::string bytes = Sample().finish();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    MemorySource source(ByteView(std::string_view(bytes).substr(0, size)));
    read_everything(source);
  }
}

TEST(PdbDamage, OfEachFieldIsSurvived) {
  const std::string bytes = Sample().finish();
  std::string damaged = bytes;
  MemorySource source{ByteView(std::string_view(damaged))};
  for (std::size_t at = 0; at + 4 <= bytes.size(); at += 2) {
    const bool nothing_there = bytes.find_first_not_of('\0', at) >= at + 16;
    if (nothing_there) continue;
    const std::size_t width = at % 4 == 0 ? 4 : 2;  // records are aligned to 4
    for (const char byte : {'\0', '\xff'}) {
      damaged.replace(at, width, width, byte);
      read_everything(source);
    }
    damaged.replace(at, width, bytes, at, width);
    for (const int step : {1, -1}) {
      damaged[at] = static_cast<char>(bytes[at] + step);
      read_everything(source);
    }
    damaged[at] = bytes[at];
  }
}

TEST(PdbDamage, OfBlockListsIsSurvived) {
  const std::string bytes = Sample().finish(512, MsfBuilder::Layout::Backwards);
  // Every block of every stream is the same one, one after the other.
  const std::size_t blocks = bytes.size() / 512;
  for (std::size_t block = 0; block < blocks; ++block) {
    std::string damaged = bytes;
    for (std::size_t other = 3; other < blocks; ++other) {
      if (other != block) damaged.replace(other * 512, 512, bytes, block * 512, 512);
    }
    MemorySource source{ByteView(std::string_view(damaged))};
    read_everything(source);
  }
}

}  // namespace
}  // namespace vigil::test
