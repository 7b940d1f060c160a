// SPDX-License-Identifier: Apache-2.0
#include "completion.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "unit/cli/cli_fixture.h"

namespace vigil::cli {
namespace {

using testing::HasSubstr;

class Completion : public CliTest {
 protected:
  std::string candidates(std::vector<std::string> words) {
    words.insert(words.begin(), "--complete");
    return run_vigil(words).out;
  }
};

TEST_F(Completion, OffersCommands) {
  EXPECT_EQ(candidates({"=sh"}), "show\n");
  EXPECT_THAT(candidates({"="}), HasSubstr("list\nshow\n"));
  EXPECT_EQ(candidates({"--json", "=sh"}), "show\n");
}

TEST_F(Completion, OffersOptionsOfTheCommandAndThoseOfAll) {
  EXPECT_EQ(candidates({"list", "=--si"}), "--since\n");
  EXPECT_EQ(candidates({"list", "=--js"}), "--json\n");
  EXPECT_EQ(candidates({"show", "=--si"}), "");
}

TEST_F(Completion, OffersTheValuesOfAnOption) {
  EXPECT_EQ(candidates({"list", "--state", "=cap"}), "capturing\ncaptured\n");
  EXPECT_EQ(candidates({"list", "--color", "=a"}), "auto\nalways\n");
  EXPECT_EQ(candidates({"completion", "=p"}), "powershell\n");
  EXPECT_EQ(candidates({"dump", "--kind", "=mini"}), "mini\nminiplus\n");
  EXPECT_EQ(candidates({"dump", "--writer", "=d"}), "dbghelp\n");
}

TEST_F(Completion, OffersIdsAndNeverNamesOfProcesses) {
  auto store = open();
  auto hostile = crash();
  hostile.process = "$(reboot).exe";
  record(store, hostile);
  Context context;
  context.store_file = folder / "vigil.db";
  const std::vector<CompletionCommand> commands = {{"show", {}, {}}, {"list", {}, {}}};
  EXPECT_THAT(complete(context, commands, {"show", "="}), testing::ElementsAre("last", "1"));
  EXPECT_THAT(complete(context, commands, {"list", "="}), testing::IsEmpty());
}

TEST_F(Completion, OffersNothingForNonsense) {
  EXPECT_EQ(candidates({}), "");
  EXPECT_EQ(candidates({"no marker"}), "");
  EXPECT_EQ(candidates({"xyzzy", "=--x"}), "");
}

TEST_F(Completion, PrintsAScriptForEachShell) {
  EXPECT_THAT(run_vigil({"completion", "bash"}).out,
              HasSubstr("complete -o default -F _vigil vigil"));
  EXPECT_THAT(run_vigil({"completion", "powershell"}).out, HasSubstr("Register-ArgumentCompleter"));
}

}  // namespace
}  // namespace vigil::cli
