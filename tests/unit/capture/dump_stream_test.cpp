// SPDX-License-Identifier: Apache-2.0
#include "capture/dump_stream.h"

#include <gtest/gtest.h>

#include "capture/dump_head.h"
#include "unit/capture/fakes.h"

namespace vigil::capture {
namespace {

using testing::FakeMemory;
using testing::FakeSink;
using testing::noise;

TEST(DumpStream, WritesTheMemoryBehindTheHeadInOrder) {
  FakeMemory memory;
  const auto first = noise(2 * kPageBytes, 1);
  const auto second = noise(kFrameBytes + kPageBytes, 2);
  memory.write(0x10000, first);
  memory.write(0x900000, second);
  DumpContent content;
  content.memory = {{0x10000, first.size()}, {0x900000, second.size()}};
  const auto head = lay_out(content);
  FakeSink sink;
  const auto result = stream_dump(content, memory, sink, {});
  ASSERT_TRUE(result.ok());
  EXPECT_FALSE(sink.finished);  // The process can go on before that is done.
  EXPECT_EQ(sink.text.size(), head.value().file_size());
  EXPECT_EQ(sink.text.substr(head.value().bytes.size()), first + second);
  EXPECT_EQ(result.value().raw_bytes, sink.text.size());
  EXPECT_EQ(result.value().memory_bytes, first.size() + second.size());
  EXPECT_EQ(result.value().unreadable_bytes, 0u);
}

TEST(DumpStream, PutsZerosWhereMemoryWentAway) {
  FakeMemory memory;
  memory.write(0x10000, std::string(4 * kPageBytes, 'x'));
  memory.remove_page(0x12000);
  DumpContent content;
  content.memory = {{0x10000, 4 * kPageBytes}};
  FakeSink sink;
  const auto result = stream_dump(content, memory, sink, {});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.value().unreadable_bytes, kPageBytes);
  EXPECT_EQ(sink.text.substr(sink.text.size() - 4 * kPageBytes), std::string(2 * kPageBytes, 'x') +
                                                                     std::string(kPageBytes, '\0') +
                                                                     std::string(kPageBytes, 'x'));
}

TEST(DumpStream, EndsWhenAskedTo) {
  FakeMemory memory;
  DumpContent content;
  content.memory = {{0x10000, 100 * kFrameBytes}};
  std::stop_source stop;
  std::uint64_t last = 0;
  const WriteControl control{.progress =
                                 [&](std::uint64_t done, std::uint64_t) {
                                   last = done;
                                   if (done > 3 * kFrameBytes) stop.request_stop();
                                 },
                             .cancel = stop.get_token()};
  FakeSink sink;
  const auto result = stream_dump(content, memory, sink, control);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Errc::Cancelled);
  EXPECT_FALSE(sink.finished);
  EXPECT_LT(last, 5 * kFrameBytes);
}

TEST(DumpStream, TellsHowFarItIsUpToTheEnd) {
  FakeMemory memory;
  memory.write(0x10000, std::string(kPageBytes, 'x'));
  DumpContent content;
  content.memory = {{0x10000, kPageBytes}};
  std::uint64_t done = 0;
  std::uint64_t total = 1;
  FakeSink sink;
  ASSERT_TRUE(stream_dump(content, memory, sink,
                          {.progress =
                               [&](std::uint64_t d, std::uint64_t t) {
                                 done = d;
                                 total = t;
                               }})
                  .ok());
  EXPECT_EQ(done, total);
  EXPECT_EQ(total, sink.text.size());
}

TEST(DumpStream, FailsAsItsSinkFails) {
  FakeMemory memory;
  DumpContent content;
  content.memory = {{0x10000, 8 * kFrameBytes}};
  FakeSink sink(3 * kFrameBytes, Errc::DiskFull);
  const auto result = stream_dump(content, memory, sink, {});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Errc::DiskFull);
}

}  // namespace
}  // namespace vigil::capture
