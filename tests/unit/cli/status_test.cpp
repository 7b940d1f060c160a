// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <string>

#include <gmock/gmock.h>

#include "service_status.h"
#include "unit/cli/cli_fixture.h"

namespace vigil::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class StatusCommand : public CliTest {
 protected:
  /// Where the machine has no service manager the exit code is that of the store.
  static ExitCode expected(ExitCode without_service) {
    const auto service = query_service();
    const bool stopped = service && !(service->ok() && (*service)->running);
    return stopped ? ExitCode::ServiceNotRunning : without_service;
  }
};

TEST_F(StatusCommand, TellsOfStoreQueueDiskAndRules) {
  auto store = open();
  finish(store, crash(kMorning, 1), "{}");
  const auto waiting = record(store, crash(kMorning + Microseconds(1), 2));
  ASSERT_TRUE(store.begin_capture(waiting, "a", "b", kMorning).ok());
  ASSERT_TRUE(store.dump_ready(waiting, 1, kMorning).ok());
  const auto output = vigil({"status"});
  EXPECT_EQ(output.code, expected(ExitCode::Ok));
  EXPECT_THAT(output.out, HasSubstr("vigil.db (schema 4)"));
  EXPECT_THAT(output.out,
              HasSubstr("captures    2 (1 done, 0 failed, 0 skipped, 0 observed, 0 capturing)"));
  EXPECT_THAT(output.out, HasSubstr("queue       1 waiting, 0 in analysis"));
  EXPECT_THAT(output.out,
              HasSubstr("newest      2: Orders.exe, ACCESS_VIOLATION, 2026-11-21 03:04:05Z"));
  EXPECT_THAT(output.out, HasSubstr("disk free   "));
  EXPECT_THAT(output.out, HasSubstr("rules       0 in 0 files"));
}

TEST_F(StatusCommand, TellsTheRestWithoutAStore) {
  const auto output = vigil({"status"});
  EXPECT_EQ(output.code, expected(ExitCode::NotFound));
  EXPECT_THAT(output.out, HasSubstr("there is no store here"));
  EXPECT_THAT(output.out, HasSubstr("rules       "));
}

TEST_F(StatusCommand, DoesNotSayThatNothingIsTakenWhereAFileIsBroken) {
  open();
  std::filesystem::create_directories(folder / "rules.d");
  std::ofstream(folder / "rules.d" / "a.yaml") << "schema: 1\nrules:\n  - nam: a\n";
  EXPECT_THAT(vigil({"status"}).out, HasSubstr("of rules.d/a.yaml nothing is in force"));
  std::filesystem::create_directories(folder / "last-good-rules");
  std::ofstream(folder / "last-good-rules" / "a.yaml")
      << "schema: 1\nrules:\n  - name: a\n    match: { process: a.exe }\n    when: crash\n";
  const auto said = vigil({"status"}).out;
  EXPECT_THAT(said, HasSubstr("rules       1 in 1 file\n"));
  EXPECT_THAT(said, HasSubstr("of rules.d/a.yaml the last good version stays in force: 1 rule\n"));
  EXPECT_THAT(said, HasSubstr("dumps       of crashes (WER LocalDumps)"));
}

TEST_F(StatusCommand, TellsWhoWouldTakeADump) {
  open();
  EXPECT_THAT(vigil({"status"}).out, HasSubstr("dumps       none are taken: no rule asks"));
  std::filesystem::create_directories(folder / "rules.d");
  std::ofstream(folder / "rules.d" / "a.yaml")
      << "schema: 1\nowner: x\nrules:\n  - name: a\n    match: { process: a.exe }\n"
         "    when: crash\n    capture: { dump: mini, attach: true }\n";
  EXPECT_THAT(vigil({"status"}).out,
              HasSubstr("dumps       of crashes (WER LocalDumps); attached by 1 of 1 rules"));
  std::ofstream(folder / "vigil.yaml") << "watch:\n  local_dumps: false\n";
  EXPECT_THAT(vigil({"status"}).out,
              HasSubstr("dumps       attached by 1 of 1 rules; AeDebug and LocalDumps are off"));
  std::ofstream(folder / "vigil.yaml") << "watch:\n  aedebug: true\n";
  EXPECT_THAT(vigil({"status"}).out,
              HasSubstr("dumps       of crashes (AeDebug); attached by 1 of 1 rules"));
  const auto json = vigil_json({"status"});
  EXPECT_EQ(json["rules"]["attach"], 1);
  EXPECT_EQ(json["settings"]["aedebug"], true);
  std::ofstream(folder / "vigil.yaml") << "watch: [\n";
  EXPECT_THAT(vigil({"status"}).out, HasSubstr("vigil.yaml:1:"));
}

TEST_F(StatusCommand, NamesTheProblemsOfRuleFiles) {
  open();
  std::filesystem::create_directories(folder / "rules.d");
  std::ofstream(folder / "rules.d" / "bad.yaml") << "schema: 1\nowner: x\nrulez: []\n";
  EXPECT_THAT(vigil({"status"}).out, HasSubstr("bad.yaml:3:"));
  EXPECT_FALSE(vigil_json({"status"})["rules"]["problems"].empty());
}

TEST_F(StatusCommand, AsJsonHasTheSameFacts) {
  auto store = open();
  finish(store, crash(), "{}");
  const auto status = vigil_json({"status"});
  EXPECT_EQ(status["store"]["schema_version"], 4);
  EXPECT_EQ(status["store"]["captures"]["done"], 1);
  EXPECT_EQ(status["store"]["queue"], 0);
  EXPECT_EQ(status["store"]["newest"]["id"], 1);
  EXPECT_GT(status["disk_free_bytes"], 0);
  EXPECT_EQ(status["rules"]["count"], 0);
}

TEST_F(StatusCommand, AsJsonSaysWhatIsWrongWithTheStore) {
  EXPECT_THAT(vigil_json({"status"})["store"]["error"].get<std::string>(),
              HasSubstr("there is no store here"));
}

}  // namespace
}  // namespace vigil::cli
