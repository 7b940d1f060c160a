// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

/// Compares whole outputs with files under tests/golden/. With VIGIL_UPDATE_GOLDEN set to 1 the
/// files are written instead; review the difference before it is committed.
namespace vigil::test {

inline void expect_golden(const std::filesystem::path& file, std::string_view actual) {
  const char* update = std::getenv("VIGIL_UPDATE_GOLDEN");  // NOLINT(concurrency-mt-unsafe)
  if (update != nullptr && std::string_view(update) == "1") {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << actual;
    return;
  }
  std::ifstream in(file, std::ios::binary);
  ASSERT_TRUE(in.good()) << file << " is missing; VIGIL_UPDATE_GOLDEN=1 writes it";
  const std::string expected{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(actual, expected) << file << " differs; VIGIL_UPDATE_GOLDEN=1 rewrites it";
}

}  // namespace vigil::test
