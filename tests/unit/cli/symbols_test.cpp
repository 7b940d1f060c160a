// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <map>
#include <string>

#include <gmock/gmock.h>

#include "report/report.h"
#include "support/http_server.h"
#include "unit/cli/cli_fixture.h"

namespace vigil::cli {
namespace {

using test::HttpReply;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

const std::string kId = "5A9832E5287241C1838ED98914E9B7FF1";
const std::string kOtherId = "00000000000000000000000000000000a";
const std::string kPath = "/orders.pdb/" + kId + "/orders.sym";

/// A report of two modules without symbols, of which one is on a stack, and a server.
class Symbols : public CliTest {
 protected:
  Symbols()
      : server([this](const std::string& path) {
          const auto found = replies.find(path);
          return found == replies.end() ? HttpReply{.status = 404} : found->second;
        }) {
    report::Report report;
    const auto add = [&report](const char* name, const std::string& id) {
      auto& module = report.modules.emplace_back();
      module.path = std::string("C:\\srv\\") + name + ".exe";
      module.debug_file = std::string(name) + ".pdb";
      module.debug_id = id;
      module.code_id = "5F00123410000";
      module.symbols = "none";
    };
    add("orders", kId);
    add("idle", kOtherId);
    report.threads.emplace_back().frames.emplace_back().module = "Orders.exe";
    std::ofstream(folder / "report.json") << report::to_json(report, false);
  }

  Output fetch(std::vector<std::string> more = {}) {
    std::vector<std::string> args = {"symbols", "fetch", utf8_from_path(folder / "report.json"),
                                     "-y", "srv*" + store() + "*" + server.url()};
    args.insert(args.end(), more.begin(), more.end());
    return vigil(args);
  }
  [[nodiscard]] std::string store() const { return utf8_from_path(folder / "store"); }

  std::map<std::string, HttpReply> replies = {
      {kPath,
       {.body = "MODULE windows x86_64 " + kId + " orders.pdb\nFUNC 1000 20 0 Cart::total\n"}}};
  test::HttpServer server;
};

TEST_F(Symbols, OfModulesOnStacksAreFetchedAndFound) {
  const auto fetched = fetch();
  EXPECT_EQ(fetched.code, ExitCode::Ok) << fetched.out << fetched.err;
  EXPECT_THAT(fetched.out, StartsWith("fetched  orders.pdb " + kId + ": "));
  EXPECT_THAT(fetched.out, HasSubstr(server.url() + kPath));
  EXPECT_THAT(fetched.err, HasSubstr("1 fetched ("));
  EXPECT_THAT(fetched.err, HasSubstr("0 present, 0 missing, 0 failed\n"));

  const auto checked = vigil_json({"symbols", "check", utf8_from_path(folder / "report.json"), "-y",
                                   "srv*" + store() + "*" + server.url()});
  ASSERT_EQ(checked.size(), 2u);
  EXPECT_EQ(checked[0]["symbols"], "sym");
  EXPECT_THAT(checked[0]["file"].get<std::string>(), HasSubstr("orders.sym"));
  EXPECT_EQ(checked[1]["symbols"], "none");
}

TEST_F(Symbols, OfAllModulesAreFetchedWhenAskedFor) {
  const auto output = fetch({"--all", "--json"});
  EXPECT_EQ(output.code, ExitCode::Partial);
  const auto json = nlohmann::json::parse(output.out);
  ASSERT_EQ(json["files"].size(), 2u);
  EXPECT_EQ(json["files"][0]["outcome"], "fetched");
  EXPECT_EQ(json["files"][1]["outcome"], "missing");
  EXPECT_EQ(json["files"][1]["name"], "idle.pdb");
  EXPECT_EQ(json["missing"], 1);
}

TEST_F(Symbols, AndImagesAreNotFoundWhereNoServerHasThem) {
  replies.clear();
  const auto output = fetch({"--images"});
  EXPECT_EQ(output.code, ExitCode::NotFound);
  EXPECT_THAT(output.out, HasSubstr("missing  orders.exe 5F00123410000: no server has it\n"));
  EXPECT_THAT(fetch({"--images"}).out, HasSubstr("--refresh asks again"));
}

TEST_F(Symbols, ThatCannotBeFetchedFailWithTheReason) {
  replies["/orders.pdb/" + kId + "/orders.pdb"] = {.status = 500};
  const auto output = fetch();
  EXPECT_EQ(output.code, ExitCode::Failed);
  EXPECT_THAT(output.out, HasSubstr("answers with status 500"));
}

TEST_F(Symbols, GoIntoTheStoreThatIsNamed) {
  const auto output = fetch({"-o", utf8_from_path(folder / "other")});
  EXPECT_EQ(output.code, ExitCode::Ok) << output.err;
  EXPECT_TRUE(std::filesystem::exists(folder / "other" / "orders.pdb" / kId / "orders.sym"));
  EXPECT_FALSE(std::filesystem::exists(folder / "store"));
}

TEST_F(Symbols, NeedAServerThatMayBeAsked) {
  const auto report = utf8_from_path(folder / "report.json");
  for (const auto* path : {"srv*a*http://example.com", "a;b", "https://example.com", "x*y"}) {
    const auto output = vigil({"symbols", "fetch", report, "-y", path});
    EXPECT_EQ(output.code, ExitCode::Usage) << path;
    EXPECT_THAT(output.out, IsEmpty());
  }
  EXPECT_THAT(vigil({"symbols", "fetch", report, "-y", "srv*a*http://example.com"}).err,
              HasSubstr("--allow-http"));
}

TEST_F(Symbols, CheckSaysWhatWasRefused) {
  const auto file = folder / "orders.sym";
  std::ofstream(file) << "MODULE windows x86_64 " + kOtherId + " orders.pdb\n";
  const auto output = vigil({"symbols", "check", utf8_from_path(folder / "report.json")});
  EXPECT_EQ(output.code, ExitCode::Partial);
  EXPECT_THAT(output.out, HasSubstr("orders.exe  none     " + kId));
  EXPECT_THAT(output.out, HasSubstr("refused: "));
}

}  // namespace
}  // namespace vigil::cli
