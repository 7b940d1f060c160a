// SPDX-License-Identifier: Apache-2.0
#include "probes.h"

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace vigil::service {
namespace {

using namespace std::chrono_literals;

rules::Probe probe(std::string target, Microseconds every = 1ms) {
  return {rules::Probe::Type::Tcp, std::move(target), every, 1s, 3, 0s};
}

/// Probes that are answered at once, until so many answers were given.
struct Bench {
  explicit Bench(std::size_t enough) : enough_(enough) {}

  boost::asio::io_context io;
  std::vector<std::string> answered;
  Probes probes{
      io,
      [](rules::Probe p) -> boost::asio::awaitable<ProbeAnswer> { co_return bad_answer(p.target); },
      [this](const rules::Probe& asked, const ProbeAnswer& answer, Microseconds at) {
        EXPECT_EQ(answer, bad_answer(asked.target));
        EXPECT_GE(at, last_);
        last_ = at;
        answered.push_back(asked.target);
        if (answered.size() == enough_) probes.stop();
      }};

 private:
  std::size_t enough_;
  Microseconds last_{};
};

TEST(Probes, AreAskedAgainAndAgain) {
  Bench bench(3);
  bench.probes.want({probe("a")});
  bench.probes.want({probe("a")});
  EXPECT_EQ(bench.probes.size(), 1u);
  bench.io.run();
  EXPECT_EQ(bench.answered, (std::vector<std::string>{"a", "a", "a"}));
  EXPECT_EQ(bench.probes.size(), 0u);
}

TEST(Probes, AreNotAskedWhenNobodyWantsThemAnyMore) {
  Bench bench(2);
  bench.probes.want({probe("a", 1h)});
  bench.io.poll();
  bench.probes.want({probe("b")});
  bench.io.run();
  EXPECT_EQ(bench.answered, (std::vector<std::string>{"b", "b"}));
}

TEST(Probes, HaveALimit) {
  Bench bench(1);
  std::vector<rules::Probe> many;
  for (int i = 100; i < 500; ++i) many.push_back(probe(std::to_string(i), 1h));
  EXPECT_EQ(bench.probes.want(many), many.size() - Probes::kMaxProbes);
  EXPECT_EQ(bench.probes.size(), Probes::kMaxProbes);
  bench.probes.stop();
  bench.io.run();
  EXPECT_EQ(bench.probes.size(), 0u);
}

}  // namespace
}  // namespace vigil::service
