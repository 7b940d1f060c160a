// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "unit/store/store_fixture.h"

namespace vigil::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Samples : public StoreTest {
 protected:
  void begin(CaptureId id, std::uint32_t number) {
    ASSERT_TRUE(store.begin_sample(id, number, sample_name(number), kNoon + number * kSecond).ok());
  }
  void add(CaptureId id, std::uint32_t number) {
    begin(id, number);
    ASSERT_TRUE(store.sample_ready(id, number, 100 * number).ok());
  }
  static std::string sample_name(std::uint32_t number) {
    return fmt::format("2026/11/1-Orders.exe-{}.dmp", number);
  }
  std::vector<std::string> files_of(CaptureId id) {
    std::vector<std::string> files;
    const auto samples = store.samples(id);
    for (const auto& sample : samples.value()) files.push_back(sample.dump_file);
    return files;
  }
  Recovery recover(const std::set<std::string>& files) {
    auto recovery = store.recover({[&](const std::string& name) {
                                     return files.contains(name) ? std::optional<std::uint64_t>(777)
                                                                 : std::nullopt;
                                   },
                                   [](const std::string&) { return false; }},
                                  3, kNoon);
    EXPECT_TRUE(recovery.ok());
    return std::move(recovery).take();
  }
};

TEST_F(Samples, AreKnownOnceTheyAreComplete) {
  const auto id = capturing();
  begin(id, 2);
  EXPECT_THAT(files_of(id), IsEmpty());
  ASSERT_TRUE(store.sample_ready(id, 2, 512).ok());
  add(id, 3);
  const auto samples = store.samples(id).value();
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[0].number, 2u);
  EXPECT_EQ(samples[0].dump_file, sample_name(2));
  EXPECT_EQ(samples[0].dump_bytes, 512u);
  EXPECT_EQ(samples[0].taken_at, kNoon + 2 * kSecond);
  EXPECT_EQ(samples[1].number, 3u);
}

TEST_F(Samples, BelongToACaptureThatIsUnderWay) {
  EXPECT_EQ(store.begin_sample(captured(), 2, "a", kNoon).error().code(), Errc::NotFound);
  EXPECT_EQ(store.begin_sample(CaptureId{99}, 2, "a", kNoon).error().code(), Errc::NotFound);
  EXPECT_EQ(store.sample_ready(CaptureId{99}, 2, 1).error().code(), Errc::NotFound);
  EXPECT_EQ(store.drop_sample(CaptureId{99}, 2).error().code(), Errc::NotFound);
}

TEST_F(Samples, ThatFailedAreForgotten) {
  const auto id = capturing();
  begin(id, 2);
  ASSERT_TRUE(store.drop_sample(id, 2).ok());
  EXPECT_FALSE(store.sample_ready(id, 2, 1).ok());
}

TEST_F(Samples, GoWithTheirDump) {
  const auto id = capturing(), other = capturing();
  add(id, 2);
  add(id, 3);
  add(other, 2);
  ASSERT_TRUE(store.dump_ready(id, 4096, kNoon).ok());
  const auto files = store.forget_dump(id, "no space", kNoon);
  ASSERT_TRUE(files.ok());
  EXPECT_THAT(*files, ElementsAre(dump_name(id), sample_name(2), sample_name(3)));
  EXPECT_THAT(files_of(id), IsEmpty());
  EXPECT_THAT(files_of(other), ElementsAre(sample_name(2)));
}

TEST_F(Samples, StayWhereTheirDumpCannotBeForgotten) {
  const auto id = capturing();
  add(id, 2);
  EXPECT_FALSE(store.forget_dump(id, "no space", kNoon).ok());
  EXPECT_THAT(files_of(id), ElementsAre(sample_name(2)));
}

TEST_F(Samples, ThatAKillLeftCompleteAreKept) {
  const auto id = capturing();
  begin(id, 2);
  const auto notes = recover({dump_name(id), sample_name(2)}).notes;
  EXPECT_THAT(notes, ElementsAre(HasSubstr("its sample 2 was complete"),
                                 HasSubstr("its dump was complete")));
  EXPECT_EQ(store.samples(id).value().at(0).dump_bytes, 777u);
  EXPECT_EQ(get(id).state, State::Captured);
}

TEST_F(Samples, ThatAKillCutShortAreGivenUp) {
  const auto id = capturing();
  add(id, 2);
  begin(id, 3);
  const auto notes = recover({dump_name(id), sample_name(2)}).notes;
  EXPECT_THAT(notes, ElementsAre(HasSubstr("its sample 3 is given up"),
                                 HasSubstr("its dump was complete")));
  EXPECT_THAT(files_of(id), ElementsAre(sample_name(2)));
  EXPECT_THAT(recover({}).notes, IsEmpty());
}

TEST_F(Samples, ThatEndedEarlyAreSaidInTheRow) {
  const auto id = observed();
  ASSERT_TRUE(store.set_decision(id, {rules::DumpKind::Mini, "r", "rule r: mini dump"}, {}).ok());
  ASSERT_TRUE(store.begin_capture(id, {}, dump_name(id), kNoon).ok());
  ASSERT_TRUE(store.add_to_decision(id, "2 of 3 samples: it is gone").ok());
  EXPECT_EQ(get(id).decision, "rule r: mini dump; 2 of 3 samples: it is gone");
  EXPECT_EQ(get(id).reason, get(id).decision);
  ASSERT_TRUE(store.dump_ready(id, 1, kNoon).ok());
  EXPECT_FALSE(store.add_to_decision(id, "late").ok());
}

TEST_F(Samples, AndWhatIsToBeDoneDoNotGetInEachOthersWay) {
  const auto id = observed();
  PlannedAction action;
  action.kind = "webhook";
  action.give_up_at = kNoon + kMinute;
  ASSERT_TRUE(
      store.set_decision(id, {rules::DumpKind::Mini, "r", "why"}, std::vector{action}).ok());
  ASSERT_TRUE(store.begin_capture(id, {}, dump_name(id), kNoon).ok());
  ASSERT_TRUE(store.add_to_decision(id, "more").ok());
  EXPECT_EQ(store.actions(id).value().size(), 1u);
}

}  // namespace
}  // namespace vigil::store
