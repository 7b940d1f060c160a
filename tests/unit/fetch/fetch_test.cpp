// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "support/cabinet_builder.h"
#include "unit/fetch/fetch_fixture.h"

namespace vigil::fetch {
namespace {

namespace fs = std::filesystem;
using test::cabinet_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(FetchTest, BringsAPdbIntoTheStore) {
  replies[path_of("orders.pdb")] = {.body = pdb_bytes()};
  const auto item = fetch_pdb();
  EXPECT_EQ(item.outcome, Outcome::Fetched) << testing::PrintToString(item.reasons);
  EXPECT_EQ(item.file, stored("orders.pdb"));
  EXPECT_EQ(item.url, server.url() + path_of("orders.pdb"));
  EXPECT_EQ(item.bytes, pdb_bytes().size());
  EXPECT_EQ(content(item.file), pdb_bytes());
  EXPECT_THAT(files(), ElementsAre("orders.pdb"));
}

TEST_F(FetchTest, DoesNotAskForWhatIsThere) {
  replies[path_of("orders.pdb")] = {.body = pdb_bytes()};
  (void)fetch_pdb();
  const auto item = fetch_pdb();
  EXPECT_EQ(item.outcome, Outcome::Present);
  EXPECT_EQ(item.file, stored("orders.pdb"));
  EXPECT_THAT(server.requests(), SizeIs(1));
}

TEST_F(FetchTest, AsksAgainForAFileThatIsDamagedInTheStore) {
  store.write(fs::path("orders.pdb") / pdb_id() / "orders.pdb", "half a file");
  replies[path_of("orders.pdb")] = {.body = pdb_bytes()};
  EXPECT_EQ(fetch_pdb().outcome, Outcome::Fetched);
  EXPECT_EQ(content(stored("orders.pdb")), pdb_bytes());
}

TEST_F(FetchTest, UnpacksACompressedPdb) {
  replies[path_of("orders.pd_")] = {.body = cabinet_of("orders.pdb", pdb_bytes())};
  const auto item = fetch_pdb();
  EXPECT_EQ(item.outcome, Outcome::Fetched) << testing::PrintToString(item.reasons);
  EXPECT_EQ(content(item.file), pdb_bytes());
  EXPECT_EQ(item.bytes, pdb_bytes().size());
  EXPECT_THAT(files(), ElementsAre("orders.pdb"));
  EXPECT_THAT(server.requests(), ElementsAre(path_of("orders.pdb"), path_of("orders.pd_")));
}

TEST_F(FetchTest, BringsBreakpadsTextWhereThereIsNoPdb) {
  const auto path = "/orders.pdb/" + std::string(kSymId) + "/orders.sym";
  replies[path] = {.body = sym_bytes()};
  const auto item = fetch_one({Kind::Symbols, "orders.pdb", std::string(kSymId)});
  EXPECT_EQ(item.outcome, Outcome::Fetched) << testing::PrintToString(item.reasons);
  EXPECT_EQ(item.file, store.path() / "orders.pdb" / kSymId / "orders.sym");
  EXPECT_EQ(fetch_one({Kind::Symbols, "orders.pdb", std::string(kSymId)}).outcome,
            Outcome::Present);
}

TEST_F(FetchTest, BringsAnImagePlainOrCompressed) {
  replies["/orders.exe/" + std::string(kImageId) + "/orders.exe"] = {.body = image_bytes()};
  replies["/orders.dll/" + std::string(kImageId) + "/orders.dl_"] = {
      .body = cabinet_of("orders.dll", image_bytes())};
  const auto items = fetch_all({{Kind::Image, "orders.exe", std::string(kImageId)},
                                {Kind::Image, "orders.dll", std::string(kImageId)}});
  ASSERT_THAT(items, SizeIs(2));
  EXPECT_EQ(items[0].outcome, Outcome::Fetched) << testing::PrintToString(items[0].reasons);
  EXPECT_EQ(items[1].outcome, Outcome::Fetched) << testing::PrintToString(items[1].reasons);
}

TEST_F(FetchTest, EscapesNames) {
  replies["/c%2B%2B%20x.pdb/" + pdb_id() + "/c%2B%2B%20x.pdb"] = {.body = pdb_bytes()};
  EXPECT_EQ(fetch_one({Kind::Symbols, "c++ x.pdb", pdb_id()}).outcome, Outcome::Fetched);
}

TEST_F(FetchTest, RefusesAnotherBuild) {
  replies["/orders.pdb/" + std::string(kSymId) + "/orders.pdb"] = {.body = pdb_bytes()};
  replies["/orders.pdb/" + std::string(kSymId) + "/orders.pd_"] = {
      .body = cabinet_of("orders.pdb", pdb_bytes())};
  replies["/orders.exe/5F00123510000/orders.exe"] = {.body = image_bytes()};
  auto item = fetch_one({Kind::Symbols, "orders.pdb", std::string(kSymId)});
  EXPECT_EQ(item.outcome, Outcome::Failed);
  EXPECT_THAT(item.reasons,
              ElementsAre(HasSubstr("orders.pdb: refused: it is another build: " + pdb_id()),
                          HasSubstr("orders.pd_: refused: it is another build: " + pdb_id())));
  item = fetch_one({Kind::Image, "orders.exe", "5F00123510000"});
  EXPECT_EQ(item.outcome, Outcome::Failed);
  EXPECT_THAT(item.reasons, ElementsAre(HasSubstr("it is another build: 5F00123410000")));
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(FetchTest, RefusesAnotherAgeOfTheSameBuild) {
  auto id = pdb_id();
  id.back() = id.back() == '7' ? '8' : '7';
  replies["/orders.pdb/" + id + "/orders.pdb"] = {.body = pdb_bytes()};
  EXPECT_EQ(fetch_one({Kind::Symbols, "orders.pdb", id}).outcome, Outcome::Failed);
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(FetchTest, RefusesPagesThatAreNoFiles) {
  replies[path_of("orders.pdb")] = {.body = "<html>please sign in</html>"};
  replies[path_of("orders.pd_")] = {.body = "<html>please sign in</html>"};
  replies[path_of("orders.sym")] = {.body = ""};
  const auto item = fetch_pdb();
  EXPECT_EQ(item.outcome, Outcome::Failed);
  EXPECT_THAT(item.reasons,
              ElementsAre(HasSubstr("orders.pdb: refused: "),
                          HasSubstr("orders.pd_: refused: cabinet: it does not begin"),
                          HasSubstr("empty file")));
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(FetchTest, RemembersAMissForADay) {
  auto item = fetch_pdb();
  EXPECT_EQ(item.outcome, Outcome::Missing);
  EXPECT_FALSE(item.remembered);
  EXPECT_THAT(server.requests(), ElementsAre(path_of("orders.pdb"), path_of("orders.pd_"),
                                             path_of("file.ptr"), path_of("orders.sym")));
  item = fetch_pdb();
  EXPECT_EQ(item.outcome, Outcome::Missing);
  EXPECT_TRUE(item.remembered);
  EXPECT_THAT(server.requests(), SizeIs(4));
  clock.time = clock.time + std::chrono::hours(25);
  replies[path_of("orders.pdb")] = {.body = pdb_bytes()};
  EXPECT_EQ(fetch_pdb().outcome, Outcome::Fetched);
  EXPECT_FALSE(fs::exists(stored("orders.pdb.missing")));
}

TEST_F(FetchTest, AsksAtOnceForAMissWhenToldTo) {
  (void)fetch_pdb();
  replies[path_of("orders.pdb")] = {.body = pdb_bytes()};
  options.refresh = true;
  EXPECT_EQ(fetch_pdb().outcome, Outcome::Fetched);
}

TEST_F(FetchTest, RemembersAMissOfOneServerOnly) {
  (void)fetch_pdb();
  replies["/other" + path_of("orders.pdb")] = {.body = pdb_bytes()};
  options.path.front().server = server.url() + "/other";
  EXPECT_EQ(fetch_pdb().outcome, Outcome::Fetched);
}

TEST_F(FetchTest, TakesDamagedNotesForNone) {
  for (const auto* note : {"", "\n\n", "x", "99999999999999999999 http://a", "1795230245",
                           "99995230245 http://127.0.0.1\n"}) {
    store.write(fs::path("orders.pdb") / pdb_id() / "orders.pdb.missing", note);
    EXPECT_FALSE(fetch_pdb().remembered) << note;
  }
}

TEST_F(FetchTest, DoesNotTakeAServersFaultForAMiss) {
  replies[path_of("orders.pdb")] = {.status = 503, .body = "busy"};
  const auto item = fetch_pdb();
  EXPECT_EQ(item.outcome, Outcome::Failed);
  EXPECT_THAT(item.reasons, ElementsAre(HasSubstr("answers with status 503")));
  EXPECT_THAT(server.requests(), SizeIs(1));
  replies[path_of("orders.pdb")] = {.body = pdb_bytes()};
  EXPECT_EQ(fetch_pdb().outcome, Outcome::Fetched);
}

TEST_F(FetchTest, LeavesAServerAloneThatFailsAgainAndAgain) {
  options.limits.parallel = 1;
  std::vector<Wanted> wanted;
  for (const auto* name : {"a.exe", "b.exe", "c.exe", "d.exe", "e.exe"}) {
    replies["/" + std::string(name) + "/1/" + name] = {.status = 500};
    wanted.push_back({Kind::Image, name, "1"});
  }
  const auto items = fetch_all(wanted);
  ASSERT_THAT(items, SizeIs(5));
  EXPECT_THAT(items[2].reasons, ElementsAre(HasSubstr("answers with status 500")));
  EXPECT_THAT(items[3].reasons, ElementsAre(HasSubstr("is left alone after 3 failures in a row")));
  EXPECT_THAT(server.requests(), SizeIs(3));
}

TEST_F(FetchTest, GoesOnToTheNextServer) {
  options.path.insert(options.path.begin(),
                      {.folders = {store.path()}, .server = server.url() + "/first"});
  replies[path_of("orders.pdb")] = {.body = pdb_bytes()};
  EXPECT_EQ(fetch_pdb().outcome, Outcome::Fetched);
}

TEST_F(FetchTest, PassesOnWhatAPointerSays) {
  replies[path_of("file.ptr")] = {.body = "MSG: withdrawn in 2024"};
  EXPECT_THAT(fetch_pdb().reasons, ElementsAre(HasSubstr("says:  withdrawn in 2024")));
}

TEST_F(FetchTest, FollowsAPointerToAUrlAndToNothingElse) {
  replies[path_of("file.ptr")] = {.body = "PATH:" + server.url() + "/real.pdb\r\n"};
  replies["/real.pdb"] = {.body = pdb_bytes()};
  EXPECT_EQ(fetch_pdb().outcome, Outcome::Fetched);
  for (const auto* path : {"\\\\server\\share\\orders.pdb", "C:\\orders.pdb", "/etc/passwd"}) {
    fs::remove_all(store.path() / "orders.pdb");
    replies[path_of("file.ptr")] = {.body = std::string("PATH:") + path};
    EXPECT_THAT(fetch_pdb().reasons, ElementsAre(HasSubstr("which is not followed"))) << path;
  }
}

TEST_F(FetchTest, RefusesNamesThatLeadElsewhere) {
  for (const auto* name : {"", "..", "../orders.pdb", "a\\b.pdb", "C:orders.pdb", "nul", "a\nb"}) {
    const auto item = fetch_one({Kind::Symbols, name, pdb_id()});
    EXPECT_EQ(item.outcome, Outcome::Failed) << name;
    EXPECT_THAT(item.reasons, ElementsAre(HasSubstr("cannot be a file's name"))) << name;
  }
  for (const auto* id : {"", "..", "12/34", "xyz"}) {
    EXPECT_THAT(fetch_one({Kind::Symbols, "orders.pdb", id}).reasons,
                ElementsAre(HasSubstr("cannot be an id")));
  }
  EXPECT_THAT(server.requests(), IsEmpty());
}

TEST_F(FetchTest, RemovesWhatAKilledRunLeft) {
  const auto left =
      store.write(fs::path("orders.pdb") / pdb_id() / "orders.pdb.123-1.partial", "half");
  fs::last_write_time(left, fs::file_time_type::clock::now() - std::chrono::hours(1));
  const auto written =
      store.write(fs::path("orders.pdb") / pdb_id() / "orders.pdb.9-1.partial", "h");
  (void)fetch_pdb();
  EXPECT_FALSE(fs::exists(left));
  EXPECT_TRUE(fs::exists(written));  // another run may be at it
}

TEST_F(FetchTest, WritesIntoTheStoreItIsGiven) {
  const test::TempFolder other;
  options.output = other.path();
  replies[path_of("orders.pdb")] = {.body = pdb_bytes()};
  EXPECT_EQ(fetch_pdb().file, other.path() / "orders.pdb" / pdb_id() / "orders.pdb");
}

TEST_F(FetchTest, SaysWhatIsWrongWithThePathBeforeItBegins) {
  const auto message = [&](std::vector<symbols::SymbolPathElement> path) {
    options.path = std::move(path);
    const auto items = fetch({}, options, *client, clock);
    return items.ok() ? "" : items.error().message();
  };
  EXPECT_THAT(message({}), HasSubstr("the symbol path names no server, as srv*"));
  EXPECT_THAT(message({{.folders = {"a"}}}), HasSubstr("names no server"));
  EXPECT_THAT(message({{.server = "https://example.com"}}),
              HasSubstr("names no folder for what comes from https://example.com: srv*FOLDER*"));
  EXPECT_THAT(message({{.folders = {"a"}, .server = "http://example.com"}}),
              HasSubstr("http://example.com/ has no TLS"));
  EXPECT_THAT(message({{.folders = {"a"}, .server = "https://me:secret@example.com"}}),
              HasSubstr("has a user's name in it"));
}

}  // namespace
}  // namespace vigil::fetch
