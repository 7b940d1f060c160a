// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "parsed.h"
#include "support/minidump_streams.h"

namespace vigil::minidump {
namespace {

using test::ByteBuilder;
using test::MinidumpBuilder;

constexpr std::uint64_t kMib = std::uint64_t{1} << 20;

TEST(SystemMemory, IsGivenInBytes) {
  MinidumpBuilder builder;
  test::add_system_memory(builder, {.physical_pages = 1000,
                                    .available = 1,
                                    .committed = 2,
                                    .limit = 3,
                                    .peak = 4,
                                    .cache = 5,
                                    .peak_cache = 6});
  const Parsed parsed(builder);
  const auto& memory = parsed.snapshot().system_memory;
  ASSERT_TRUE(memory.has_value());
  EXPECT_EQ(memory->page_size, 4096u);
  EXPECT_EQ(memory->physical_total, 4'096'000u);
  EXPECT_EQ(memory->physical_available, 4096u);
  EXPECT_EQ(memory->commit, 8192u);
  EXPECT_EQ(memory->commit_limit, 12288u);
  EXPECT_EQ(memory->peak_commit, 16384u);
  EXPECT_EQ(memory->file_cache, 5u);
  EXPECT_EQ(memory->peak_file_cache, 6u);
}

TEST(SystemMemory, SaysOnlyWhatItsWriterCouldAsk) {
  MinidumpBuilder zeros;
  zeros.add_stream(21, ByteBuilder().fill(524).bytes());
  EXPECT_FALSE(Parsed(zeros).snapshot().system_memory.has_value());
  MinidumpBuilder no_counters;
  test::add_system_memory(no_counters, {.flags = 1, .physical_pages = 1, .available = 7});
  const Parsed parsed(no_counters);
  EXPECT_EQ(parsed.snapshot().system_memory->physical_total, 4096u);
  EXPECT_FALSE(parsed.snapshot().system_memory->physical_available.has_value());
}

TEST(SystemMemory, DoesNotWrapWhenCountsAreAbsurd) {
  MinidumpBuilder builder;
  test::add_system_memory(builder, {.available = ~std::uint64_t{0}});
  EXPECT_EQ(Parsed(builder).snapshot().system_memory->physical_available, ~std::uint64_t{0});
}

TEST(VmCounters, GiveEachFigureOfRevision2) {
  MinidumpBuilder builder;
  test::add_vm_counters(builder, 0x1f);
  const Parsed parsed(builder);
  const auto& memory = parsed.snapshot().process_memory;
  ASSERT_TRUE(memory.has_value());
  EXPECT_EQ(memory->page_faults, 77u);
  EXPECT_EQ(memory->peak_working_set, 1 * kMib);
  EXPECT_EQ(memory->working_set, 2 * kMib);
  EXPECT_EQ(memory->paged_pool, 4 * kMib);
  EXPECT_EQ(memory->non_paged_pool, 6 * kMib);
  EXPECT_EQ(memory->pagefile, 7 * kMib);
  EXPECT_EQ(memory->peak_pagefile, 8 * kMib);
  EXPECT_EQ(memory->peak_virtual_size, 9 * kMib);
  EXPECT_EQ(memory->virtual_size, 10 * kMib);
  EXPECT_EQ(memory->private_usage, 11 * kMib);
  EXPECT_EQ(memory->private_working_set, 12 * kMib);
  EXPECT_EQ(memory->shared_commit, 13 * kMib);
  EXPECT_EQ(memory->job_commit, 15 * kMib);
  EXPECT_EQ(memory->job_peak_commit, 16 * kMib);
  EXPECT_EQ(memory->job_commit_limit, 17 * kMib);
}

TEST(VmCounters, SayNothingThatTheirFlagsDoNotSay) {
  MinidumpBuilder builder;
  test::add_vm_counters(builder, 1);
  const Parsed parsed(builder);
  const auto& memory = parsed.snapshot().process_memory;
  ASSERT_TRUE(memory.has_value());
  EXPECT_EQ(memory->working_set, 2 * kMib);
  EXPECT_FALSE(memory->virtual_size.has_value());
  EXPECT_FALSE(memory->private_usage.has_value());
  EXPECT_FALSE(memory->job_commit.has_value());
}

TEST(VmCounters, GiveThoseOfRevision1) {
  MinidumpBuilder builder;
  ByteBuilder b;
  b.u16(1).u16(0).u32(5);
  for (std::uint64_t n = 1; n <= 9; ++n) b.u64(n);
  builder.add_stream(22, b.bytes());
  const Parsed parsed(builder);
  const auto& memory = parsed.snapshot().process_memory;
  ASSERT_TRUE(memory.has_value());
  EXPECT_EQ(memory->working_set, 2u);
  EXPECT_EQ(memory->private_usage, 9u);
}

TEST(VmCounters, OfZerosAreNone) {
  MinidumpBuilder builder;
  builder.add_stream(22, ByteBuilder().fill(152).bytes());
  EXPECT_FALSE(Parsed(builder).snapshot().process_memory.has_value());
}

}  // namespace
}  // namespace vigil::minidump
