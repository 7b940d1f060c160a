// SPDX-License-Identifier: Apache-2.0
#include "inbox_listing.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "unit/service/workbench.h"

namespace vigil::service {
namespace {

using test::Workbench;

constexpr Microseconds kMinute{60'000'000};

/// Files that the inbox waits for, one microsecond apart.
void flood(Workbench& bench, const std::string& owner, int count, Timestamp first) {
  for (int i = 0; i < count; ++i) {
    bench.files.files[fmt::format("{}{:06}.dmp.partial", owner, i)] = {
        .content = "MDMP", .modified = first + Microseconds{i}, .owner = owner};
  }
}

std::size_t left_of(const Workbench& bench, const std::string& owner) {
  return static_cast<std::size_t>(std::ranges::count_if(
      bench.files.files, [&](const auto& file) { return file.first.starts_with(owner); }));
}

TEST(InboxListing, BackDatedFilesOfAUserDoNotCrowdOutTheService) {
  Workbench bench;
  bench.use_rule();
  flood(bench, "eve", 210, bench.clock.now() - kMinute);
  bench.hand_over(bench.crash());
  EXPECT_EQ(bench.inbox.scan().captured, 1u);
  EXPECT_EQ(left_of(bench, "eve"), 200u);
}

TEST(InboxListing, OfOneOwnerTheNewestAreTooMuch) {
  Workbench bench;
  bench.settings.inbox_max_files = 2;
  flood(bench, "eve", 3, bench.clock.now());
  (void)bench.inbox.scan();  // what is left is what counts
  EXPECT_EQ(bench.files.files.size(), 2u);
  EXPECT_FALSE(bench.files.files.contains("eve000002.dmp.partial"));
  EXPECT_EQ(bench.lines->count("more than inbox_max_files (2) wait: 1 removed"), 1u);
}

TEST(InboxListing, WhoeverHasTheMostLosesFirst) {
  Workbench bench;
  bench.settings.inbox_max_files = 10;
  flood(bench, "alice", 2, bench.clock.now());
  flood(bench, "bob", 3, bench.clock.now());
  flood(bench, "eve", 50, bench.clock.now() - kMinute);
  (void)bench.inbox.scan();  // what is left is what counts
  EXPECT_EQ(left_of(bench, "alice"), 2u);
  EXPECT_EQ(left_of(bench, "bob"), 3u);
  EXPECT_EQ(left_of(bench, "eve"), 5u);
}

TEST(InboxListing, NobodyAsksForOwnersWhileThereIsRoom) {
  Workbench bench;
  flood(bench, "alice", 200, bench.clock.now());
  (void)bench.inbox.scan();
  EXPECT_EQ(bench.files.owners_asked, 0u);
}

TEST(InboxListing, FilesOfAnAdministratorAreNeverTooMany) {
  Workbench bench;
  bench.settings.inbox_max_files = 1;
  flood(bench, "root", 5, bench.clock.now());
  for (auto& [name, file] : bench.files.files) file.from_administrator = true;
  (void)bench.inbox.scan();  // what is left is what counts
  EXPECT_EQ(bench.files.files.size(), 5u);
}

TEST(InboxListing, AFloodThatComesFirstInTheFolderHidesNothing) {
  Workbench bench;
  bench.use_rule();
  bench.hand_over(bench.crash());
  flood(bench, "Eve", InboxListing::kMaxEntries + 10, bench.clock.now());
  for (auto& [name, file] : bench.files.files) file.stuck = name.starts_with("Eve");
  EXPECT_EQ(bench.inbox.scan().captured, 1u);
}

TEST(InboxListing, FilesThatCannotBeRemovedAreSaidOnce) {
  Workbench bench;
  bench.settings.inbox_max_files = 2;
  flood(bench, "eve", 9, bench.clock.now());
  for (auto& [name, file] : bench.files.files) file.stuck = true;
  for (int look = 0; look < 3; ++look) (void)bench.inbox.scan();
  EXPECT_EQ(bench.lines->count("7 files too many cannot be removed: cannot remove eve000002"), 1u);
  EXPECT_EQ(bench.lines->lines.size(), 1u);
}

}  // namespace
}  // namespace vigil::service
