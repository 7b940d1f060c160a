// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "unit/cli/cli_fixture.h"

namespace vigil::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

using List = CliTest;

TEST_F(List, IsATableOldestFirst) {
  auto store = open();
  finish(store, crash(), "{}");
  auto exit = crash(kMorning + Microseconds(60'000'000), 99);
  exit.source = store::Source::ExitWatch;
  exit.kind = store::Kind::Exit;
  exit.process = "billing.exe";
  exit.exception_code.reset();
  exit.exit_code = 3;
  ASSERT_TRUE(store.skip(record(store, exit), "no rule matches", kMorning).ok());
  const auto output = vigil({"list"});
  EXPECT_EQ(output.code, ExitCode::Ok);
  EXPECT_EQ(
      output.out,
      "ID  TIME                  PROCESS       PID  WHAT              STATE    DUMP           "
      "SEEN BY     SYNOPSIS\n"
      " 1  2026-11-21 03:04:05Z  Orders.exe   1234  ACCESS_VIOLATION  done     mini 33.0 KiB  "
      "aedebug     Orders.exe "
      "read 8 bytes at 0x18\n"
      " 2  2026-11-21 03:05:05Z  billing.exe    99  exit 3            skipped  none           "
      "exit-watch  no rule "
      "matches\n");
  EXPECT_EQ(output.err, "");
}

TEST_F(List, IsTheCommandWhenNoneIsNamed) {
  auto store = open();
  record(store, crash());
  EXPECT_EQ(vigil({}).out, vigil({"list"}).out);
  EXPECT_EQ(vigil({"-n", "1"}).out, vigil({"list", "-n", "1"}).out);
}

TEST_F(List, OfAnEmptyStoreSaysSoAndSucceeds) {
  open();
  const auto output = vigil({"list"});
  EXPECT_EQ(output.code, ExitCode::Ok);
  EXPECT_EQ(output.out, "");
  EXPECT_EQ(output.err, "no captures\n");
  EXPECT_EQ(vigil_json({"list"}), nlohmann::json::array());
}

TEST_F(List, WithoutAStoreIsNotFound) {
  const auto output = vigil({"list"});
  EXPECT_EQ(output.code, ExitCode::NotFound);
  EXPECT_EQ(output.out, "");
  EXPECT_THAT(output.err, HasSubstr("vigil.db: there is no store here"));
}

TEST_F(List, TakesTheNewest) {
  auto store = open();
  for (std::uint32_t i = 1; i <= 3; ++i) record(store, crash(kMorning + Microseconds(i), i));
  const auto ids = [this](std::vector<std::string> args) {
    std::vector<int> result;
    for (const auto& capture : vigil_json(std::move(args))) result.push_back(capture["id"]);
    return result;
  };
  EXPECT_THAT(ids({"list", "-n", "2"}), testing::ElementsAre(2, 3));
  EXPECT_THAT(ids({"list", "-1"}), testing::ElementsAre(3));
  EXPECT_THAT(ids({"list", "-r"}), testing::ElementsAre(3, 2, 1));
  EXPECT_THAT(ids({"-1"}), testing::ElementsAre(3));
}

TEST_F(List, FiltersByProcessStateAndTime) {
  auto store = open();
  record(store, crash(kMorning, 1));
  auto other = crash(kMorning + Microseconds(3'600'000'000), 2);
  other.process = "billing.exe";
  ASSERT_TRUE(store.skip(record(store, other), "r", kMorning).ok());
  EXPECT_EQ(vigil_json({"list", "ORDERS"}).size(), 1u);
  EXPECT_EQ(vigil_json({"list", "b*.exe"}).size(), 1u);
  EXPECT_EQ(vigil_json({"list", "--state", "skipped"})[0]["process"], "billing.exe");
  EXPECT_EQ(vigil_json({"list", "--since", "2026-11-21 03:30"})[0]["process"], "billing.exe");
  EXPECT_EQ(vigil_json({"list", "--until=2026-11-21 03:30"})[0]["process"], "Orders.exe");
  EXPECT_EQ(vigil_json({"list", "--until", "-365d"}).size(), 0u);
}

TEST_F(List, CanLeaveTheHeadingOut) {
  auto store = open();
  record(store, crash());
  EXPECT_THAT(vigil({"list", "--no-legend"}).out, StartsWith("1  2026-11-21"));
}

TEST_F(List, DisarmsWhatAProcessCallsItself) {
  auto store = open();
  auto hostile = crash();
  hostile.process = "\x1b[2J\nfake.exe";
  record(store, hostile);
  const auto text = vigil({"list"}).out;
  EXPECT_THAT(text, HasSubstr("\xef\xbf\xbd[2J fake.exe"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  const auto json = vigil({"list", "--json"}).out;
  EXPECT_TRUE(
      std::ranges::all_of(json, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
}

TEST_F(List, AsJsonHasEveryFactThatIsKnown) {
  auto store = open();
  finish(store, crash(), "{}");
  const auto captures = vigil_json({"list"});
  ASSERT_EQ(captures.size(), 1u);
  const auto& capture = captures[0];
  EXPECT_EQ(capture["id"], 1);
  EXPECT_EQ(capture["state"], "done");
  EXPECT_EQ(capture["kind"], "crash");
  EXPECT_EQ(capture["observed_at"], "2026-11-21T03:04:05.678Z");
  EXPECT_EQ(capture["process_start"], "2026-11-21T02:02:02.678Z");
  EXPECT_EQ(capture["pid"], 1234);
  EXPECT_EQ(capture["exception_code"], "0xc0000005");
  EXPECT_EQ(capture["exception_name"], "ACCESS_VIOLATION");
  EXPECT_EQ(capture["rule"], "orders-crash");
  EXPECT_EQ(capture["decision"], "rule orders-crash: mini dump");
  EXPECT_EQ(capture["dump_kind"], "mini");
  EXPECT_EQ(capture["dump_bytes"], 33'792);
  EXPECT_EQ(path_from_utf8(capture["dump_file"].get<std::string>()),
            folder / "2026" / "11" / "1-Orders.exe.dmp");
  EXPECT_EQ(capture["signature"], "orders!Cart::total | ACCESS_VIOLATION");
  EXPECT_EQ(capture["seen_by"], nlohmann::json::array({"aedebug"}));
  EXPECT_FALSE(capture.contains("exit_code"));
}

TEST_F(List, RefusesAStateThatThereIsNot) {
  auto output = vigil({"list", "--state", "don"});
  EXPECT_EQ(output.code, ExitCode::Usage);
  EXPECT_EQ(output.err, "vigil: --state: there is no state 'don'; did you mean 'done'?\n");
  output = vigil({"list", "--state", "xyzzy"});
  EXPECT_THAT(output.err, HasSubstr("the states are observed, capturing, captured,"));
}

TEST_F(List, RefusesATimeThatIsNone) {
  const auto output = vigil({"list", "--since", "soonish"});
  EXPECT_EQ(output.code, ExitCode::Usage);
  EXPECT_THAT(output.err, StartsWith("vigil: --since: 'soonish' is no time; write 2026-11-21"));
}

TEST_F(List, SaysWhatIsWrongWithTheStore) {
  std::ofstream(folder / "vigil.db") << std::string(8192, 'x');
  const auto output = vigil({"list"});
  EXPECT_EQ(output.code, ExitCode::Failed);
  EXPECT_THAT(output.err, HasSubstr("vigil.db: open: this is no SQLite database"));
}

}  // namespace
}  // namespace vigil::cli
