// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <gtest/gtest.h>

namespace vigil::service {
namespace {

TEST(Options, WithoutArgumentsItIsTheServiceOfTheSystemsFolder) {
  const auto options = parse_options({});
  ASSERT_TRUE(options.ok());
  EXPECT_FALSE(options->console);
  EXPECT_TRUE(options->data_folder.empty());
}

TEST(Options, TakesATerminalAndAFolder) {
  const auto folder = std::filesystem::temp_directory_path();
  const auto options = parse_options({"--console", "--data", folder.string()});
  ASSERT_TRUE(options.ok());
  EXPECT_TRUE(options->console);
  EXPECT_EQ(options->data_folder, folder);
}

// Every error path.

TEST(Options, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(parse_options({"--consle"}).error().message(), "unknown option '--consle'; see --help");
  EXPECT_EQ(parse_options({"--data"}).error().message(), "--data needs a folder");
  EXPECT_EQ(parse_options({"--data", "here"}).error().message(),
            "--data needs a whole path, not 'here'");
}

}  // namespace
}  // namespace vigil::service
