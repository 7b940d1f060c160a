// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "store/store.h"

namespace vigil::store {
namespace {

TEST(Names, EveryStateHasAWordThatLeadsBackToIt) {
  std::set<std::string_view> words;
  for (int i = 0; i <= static_cast<int>(State::Skipped); ++i) {
    const auto state = static_cast<State>(i);
    EXPECT_EQ(state_from(to_string(state)), state);
    words.insert(to_string(state));
  }
  EXPECT_EQ(words.size(), 7u);
}

TEST(Names, EverySourceHasAWordThatLeadsBackToIt) {
  std::set<std::string_view> words;
  for (int i = 0; i <= static_cast<int>(Source::Sampler); ++i) {
    const auto source = static_cast<Source>(i);
    EXPECT_EQ(source_from(to_string(source)), source);
    words.insert(to_string(source));
  }
  EXPECT_EQ(words.size(), 6u);
}

TEST(Names, EveryKindHasAWordThatLeadsBackToIt) {
  for (const auto kind :
       {Kind::Crash, Kind::Exit, Kind::Manual, Kind::Cpu, Kind::Memory, Kind::Handles,
        Kind::Threads, Kind::Hang, Kind::Counter, Kind::ThreadEnd, Kind::ThreadStart}) {
    EXPECT_EQ(kind_from(to_string(kind)), kind);
  }
}

TEST(Names, OtherWordsMeanNothing) {
  EXPECT_EQ(state_from("DONE"), std::nullopt);
  EXPECT_EQ(source_from(""), std::nullopt);
  EXPECT_EQ(kind_from("Hang"), std::nullopt);
}

}  // namespace
}  // namespace vigil::store
