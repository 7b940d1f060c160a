// SPDX-License-Identifier: Apache-2.0
#include "capture_slots.h"

#include <chrono>
#include <exception>
#include <vector>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>

namespace asio = boost::asio;

namespace vigil::service {
namespace {

using namespace std::chrono_literals;

/// Who asks for a slot; what became of it goes to \p answers.
void ask(asio::io_context& io, CaptureSlots& slots, std::vector<bool>& answers, Microseconds wait) {
  asio::co_spawn(io, slots.take(wait), [&](std::exception_ptr failed, bool taken) {
    if (failed) std::rethrow_exception(failed);
    answers.push_back(taken);
  });
}

TEST(CaptureSlots, AreGivenOutUntilThereAreNone) {
  asio::io_context io;
  CaptureSlots slots(io, 2);
  std::vector<bool> answers;
  for (int i = 0; i < 3; ++i) ask(io, slots, answers, 1ms);
  io.run();
  EXPECT_EQ(answers, (std::vector<bool>{true, true, false}));
  EXPECT_EQ(slots.taken(), 2u);
}

TEST(CaptureSlots, AreWaitedFor) {
  asio::io_context io;
  CaptureSlots slots(io, 1);
  std::vector<bool> answers;
  ask(io, slots, answers, 1h);
  ask(io, slots, answers, 1h);
  io.poll();
  EXPECT_EQ(answers, std::vector<bool>{true});
  slots.give_back();
  io.run();
  EXPECT_EQ(answers, (std::vector<bool>{true, true}));
}

TEST(CaptureSlots, AreNotGivenOutAtTheEnd) {
  asio::io_context io;
  CaptureSlots slots(io, 1);
  std::vector<bool> answers;
  ask(io, slots, answers, 1h);
  ask(io, slots, answers, 1h);
  io.poll();
  slots.stop();
  io.run();
  EXPECT_EQ(answers, (std::vector<bool>{true, false}));
}

}  // namespace
}  // namespace vigil::service
