// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <zstd.h>

#include "unit/capture/fakes.h"

namespace vigil::capture {
namespace {

using testing::bytes_of;
using testing::FakeSink;
using testing::noise;

/// As `zstd -d` does it: frame after frame, skipping what can be skipped.
std::string unpacked(std::string_view packed) {
  struct Free {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };
  const std::unique_ptr<ZSTD_DStream, Free> stream(ZSTD_createDStream());
  std::string result;
  std::string buffer(100'000, '\0');
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  std::size_t left = 0;
  do {
    ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
    left = ZSTD_decompressStream(stream.get(), &out, &in);
    EXPECT_EQ(ZSTD_isError(left), 0u) << ZSTD_getErrorName(left);
    if (ZSTD_isError(left) != 0) break;
    result.append(buffer, 0, out.pos);
    if (out.pos == 0 && in.pos == in.size) break;
  } while (true);
  EXPECT_EQ(left, 0u);
  return result;
}

std::uint32_t u32(std::string_view text, std::size_t offset) {
  std::uint32_t value = 0;
  std::memcpy(&value, text.data() + offset, sizeof(value));
  return value;
}

std::string packed(std::string_view raw, std::size_t piece) {
  FakeSink end;
  auto sink = make_zstd_sink(end);
  EXPECT_TRUE(sink.ok());
  for (std::size_t i = 0; i < raw.size(); i += piece) {
    EXPECT_TRUE(sink.value()->write(bytes_of(raw.substr(i, piece))).ok());
  }
  EXPECT_TRUE(sink.value()->finish().ok());
  EXPECT_TRUE(end.finished);
  return end.text;
}

TEST(ZstdSink, IsUnpackedByAnyReader) {
  const auto raw = noise(3 * kFrameBytes + 12'345) + std::string(2 * kFrameBytes, '\0') + "end";
  for (const std::size_t piece : {std::size_t{1000}, kFrameBytes, kFrameBytes + 1, raw.size()}) {
    EXPECT_EQ(unpacked(packed(raw, piece)), raw) << piece;
  }
}

TEST(ZstdSink, EndsInATableOfFramesThatStandForThemselves) {
  const auto raw = noise(2 * kFrameBytes + 10);
  const auto all = packed(raw, 777'777);
  ASSERT_GT(all.size(), 9u);
  EXPECT_EQ(u32(all, all.size() - 4), 0x8f92eab1u);
  EXPECT_EQ(all[all.size() - 5], '\0');
  const auto frames = u32(all, all.size() - 9);
  ASSERT_EQ(frames, 3u);
  const auto table = all.size() - 9 - 8 * frames;
  EXPECT_EQ(u32(all, table - 8), 0x184d2a5eu);
  EXPECT_EQ(u32(all, table - 4), 8 * frames + 9);
  std::size_t at = 0;
  std::string together;
  for (std::uint32_t i = 0; i < frames; ++i) {
    std::string frame(u32(all, table + 8 * i + 4), '\0');
    const auto size = u32(all, table + 8 * i);
    EXPECT_EQ(ZSTD_decompress(frame.data(), frame.size(), all.data() + at, size), frame.size());
    at += size;
    together += frame;
  }
  EXPECT_EQ(at, table - 8);
  EXPECT_EQ(together, raw);
}

TEST(ZstdSink, KeepsTheOrderOfManyFramesThatPackAtDifferentSpeed) {
  std::string raw;
  for (std::uint32_t i = 0; i < 12; ++i)
    raw +=
        i % 2 == 0 ? noise(kFrameBytes, i) : std::string(kFrameBytes, static_cast<char>('a' + i));
  EXPECT_EQ(unpacked(packed(raw, kFrameBytes)), raw);
}

TEST(ZstdSink, CanBeGivenUpWithFramesUnderWay) {
  FakeSink end;
  auto sink = make_zstd_sink(end);
  ASSERT_TRUE(sink.ok());
  EXPECT_TRUE(sink.value()->write(bytes_of(noise(3 * kFrameBytes))).ok());
  sink.value().reset();
  EXPECT_FALSE(end.finished);
}

TEST(ZstdSink, OfNothingIsAnEmptyTable) {
  const auto all = packed("", 1);
  EXPECT_EQ(all.size(), 17u);
  EXPECT_EQ(unpacked(all), "");
}

TEST(ZstdSink, PassesOnTheFailureBehindIt) {
  FakeSink end(10, Errc::DiskFull);
  auto sink = make_zstd_sink(end);
  ASSERT_TRUE(sink.ok());
  EXPECT_TRUE(sink.value()->write(bytes_of(noise(10))).ok());
  const auto status = sink.value()->finish();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), Errc::DiskFull);
}

TEST(ZstdSink, MeetsTheFailureBehindItLongBeforeTheEnd) {
  FakeSink end(10, Errc::DiskFull);
  auto sink = make_zstd_sink(end);
  ASSERT_TRUE(sink.ok());
  const auto status = sink.value()->write(bytes_of(noise(16 * kFrameBytes)));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), Errc::DiskFull);
}

}  // namespace
}  // namespace vigil::capture
