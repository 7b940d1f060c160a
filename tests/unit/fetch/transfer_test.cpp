// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "support/cabinet_builder.h"
#include "unit/fetch/fetch_fixture.h"

namespace vigil::fetch {
namespace {

using test::cabinet_of;
using test::HttpReply;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(FetchTest, FollowsRedirectsOnThisMachine) {
  replies[path_of("orders.pdb")] = {.status = 302, .location = "/elsewhere?key=1"};
  replies["/elsewhere?key=1"] = {.status = 307, .location = server.url() + "/there"};
  replies["/there"] = {.body = pdb_bytes()};
  EXPECT_EQ(fetch_pdb().outcome, Outcome::Fetched);
}

TEST_F(FetchTest, FollowsNoRedirectToAnotherMachineWithoutTls) {
  replies[path_of("orders.pdb")] = {.status = 302, .location = "http://192.0.2.1/orders.pdb"};
  const auto item = fetch_pdb();
  EXPECT_THAT(item.reasons, testing::Contains(HasSubstr("http://192.0.2.1/orders.pdb has no TLS")));
}

TEST_F(FetchTest, GivesUpOnACircleOfRedirects) {
  replies[path_of("orders.pdb")] = {.status = 302, .location = path_of("orders.pdb")};
  const auto item = fetch_pdb();
  EXPECT_THAT(item.reasons, ElementsAre(HasSubstr("more than 5 redirects")));
  EXPECT_THAT(server.requests(), SizeIs(6));
}

TEST_F(FetchTest, PostsJson) {
  replies["/hook?key=1"] = {.status = 202, .body = "thanks"};
  const std::string json = R"({"text": ")" + std::string(100'000, 'x') + R"("})";
  const auto answer = client->post(server.url() + "/hook?key=1", json, {});
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_EQ(answer->status, 202);
  ASSERT_THAT(server.posted(), SizeIs(1));
  const auto request = server.posted()[0];
  EXPECT_THAT(request, testing::StartsWith("POST /hook?key=1 "));
  EXPECT_THAT(request, HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(request, testing::EndsWith("\r\n\r\n" + json));
}

TEST_F(FetchTest, FollowsNoRedirectOfAPost) {
  replies["/hook"] = {.status = 307, .location = server.url() + "/there"};
  EXPECT_EQ(client->post(server.url() + "/hook", "{}", {})->status, 307);
  EXPECT_THAT(server.requests(), ElementsAre("/hook"));
}

TEST_F(FetchTest, SaysThatNobodyTakesAPost) {
  const auto answer = client->post("http://127.0.0.1:1/hook", "{}", {});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code(), Errc::Io);
}

TEST_F(FetchTest, EndsATransferThatIsTooLarge) {
  options.limits.file_bytes = pdb_bytes().size() - 1;
  replies[path_of("orders.pdb")] = {.body = pdb_bytes()};
  replies[path_of("orders.pd_")] = {.body = cabinet_of("orders.pdb", pdb_bytes() + "more")};
  const auto item = fetch_pdb();
  EXPECT_EQ(item.outcome, Outcome::Failed);
  EXPECT_THAT(item.reasons, ElementsAre(HasSubstr("is larger than"), HasSubstr("is larger than")));
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(FetchTest, EndsARunThatReceivesTooMuch) {
  options.limits.total_bytes = 1000;
  replies[path_of("orders.pdb")] = {.body = pdb_bytes()};
  EXPECT_THAT(fetch_pdb().reasons, testing::Contains(HasSubstr("more than 1000 bytes")));
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(FetchTest, KeepsNothingOfATransferThatIsCutOff) {
  replies[path_of("orders.pdb")] = {.body = pdb_bytes(), .cut_after = 700};
  const auto item = fetch_pdb();
  EXPECT_EQ(item.outcome, Outcome::Failed);
  EXPECT_THAT(item.reasons, ElementsAre(HasSubstr("orders.pdb: ")));
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(FetchTest, DoesNotWaitForAServerThatNeverAnswers) {
  replies[path_of("orders.pdb")] = {.silent = true};
  const auto item = fetch_pdb();
  EXPECT_EQ(item.outcome, Outcome::Failed);
  EXPECT_THAT(item.reasons, SizeIs(1));
}

TEST_F(FetchTest, SaysThatNobodyAnswers) {
  {
    const test::HttpServer gone([](const std::string&) { return HttpReply{}; });
    options.path.front().server = gone.url();
  }
  const auto item = fetch_pdb();
  EXPECT_EQ(item.outcome, Outcome::Failed);
  EXPECT_THAT(item.reasons, ElementsAre(HasSubstr("http://127.0.0.1")));
}

TEST_F(FetchTest, SpeaksTlsWhereTheUrlSaysSo) {
  timeouts.connect = std::chrono::seconds(1);
  client = make_http_client(timeouts).take();
  options.path.front().server = "https" + server.url().substr(4);
  const auto item = fetch_pdb();
  EXPECT_EQ(item.outcome, Outcome::Failed);
  EXPECT_THAT(server.requests(), IsEmpty());
}

TEST_F(FetchTest, FetchesManyAtOnceAndTellsInOrder) {
  std::vector<Wanted> wanted;
  for (int i = 0; i < 20; ++i) {
    const auto name = "m" + std::to_string(i) + ".pdb";
    wanted.push_back({Kind::Symbols, name, pdb_id()});
    if (i % 3 != 0) replies["/" + name + "/" + pdb_id() + "/" + name] = {.body = pdb_bytes()};
  }
  wanted.push_back({Kind::Symbols, "M1.PDB", pdb_id()});  // the same again
  std::vector<std::string> told;
  Progress last;
  const Listener listener{.item = [&](const Item& item) { told.push_back(item.wanted.name); },
                          .progress = [&](const Progress& progress) { last = progress; }};
  const auto items = fetch_all(wanted, listener);
  ASSERT_THAT(items, SizeIs(20));
  ASSERT_THAT(told, SizeIs(20));
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(told[i], wanted[i].name);
    EXPECT_EQ(items[i].outcome, i % 3 == 0 ? Outcome::Missing : Outcome::Fetched);
  }
  EXPECT_EQ(last.done, 20u);
  EXPECT_EQ(last.bytes, 13 * pdb_bytes().size());
}

TEST_F(FetchTest, StopsInTheMiddleAndLeavesNothing) {
  timeouts.idle = std::chrono::seconds(100);
  client = make_http_client(timeouts).take();
  replies[path_of("orders.pdb")] = {.body = pdb_bytes(), .cut_after = {}};
  std::stop_source source;
  const Listener listener{.progress = [&](const Progress&) { source.request_stop(); }};
  replies["/b.exe/1/b.exe"] = {.silent = true};
  options.limits.parallel = 1;
  const auto items =
      fetch_all({{Kind::Symbols, "orders.pdb", pdb_id()}, {Kind::Image, "b.exe", "1"}}, listener,
                source.get_token());
  ASSERT_THAT(items, SizeIs(2));
  EXPECT_EQ(items[1].outcome, Outcome::Failed);
  EXPECT_THAT(items[1].reasons, ElementsAre("stopped"));
}

TEST_F(FetchTest, StopsWhileAServerIsSilent) {
  // Not longer: Wine goes on waiting for the server when the request is closed.
  timeouts.idle = std::chrono::seconds(20);
  client = make_http_client(timeouts).take();
  std::stop_source source;
  const test::HttpServer silent([&](const std::string&) {
    source.request_stop();
    return HttpReply{.silent = true};
  });
  options.path.front().server = silent.url();
  const auto items = fetch_all({{Kind::Image, "b.exe", "1"}}, {}, source.get_token());
  ASSERT_THAT(items, SizeIs(1));
  EXPECT_EQ(items[0].outcome, Outcome::Failed);
  EXPECT_THAT(items[0].reasons, ElementsAre(HasSubstr("stopped")));
  EXPECT_THAT(files(), IsEmpty());
}

}  // namespace
}  // namespace vigil::fetch
