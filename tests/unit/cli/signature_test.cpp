// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <string>

#include <gmock/gmock.h>

#include "report/report.h"
#include "unit/cli/cli_fixture.h"

namespace vigil::cli {
namespace {

using testing::HasSubstr;

class Signature : public CliTest {
 protected:
  static std::string report_json() {
    report::Report report;
    report.signature.text = "orders!Cart::total | ACCESS_VIOLATION";
    report.signature.wer_bucket = "APPCRASH | Orders.exe";
    auto& thread = report.threads.emplace_back();
    thread.thread_id = 7;
    const auto add = [&thread](const char* module, const char* function) {
      auto& frame = thread.frames.emplace_back();
      frame.module = module;
      frame.module_offset = 0x1000 + thread.frames.size();
      frame.function = function;
      frame.trust = "unwind_info";
    };
    add("ntdll.dll", "RtlFreeHeap");
    add("orders.dll", "Cart::total");
    add("orders.dll", "main");
    report.blamed_thread = 0;
    report.crash.emplace().name = "ACCESS_VIOLATION";
    return report::to_json(report, false);
  }
  std::string write(const std::string& text) {
    const auto file = folder / "report.json";
    std::ofstream(file, std::ios::binary) << text;
    return utf8_from_path(file);
  }
};

TEST_F(Signature, OfAReportPrintsItsKeys) {
  const auto output = vigil({"signature", write(report_json())});
  EXPECT_EQ(output.code, ExitCode::Ok);
  EXPECT_EQ(output.out,
            "version     2\n"
            "normalised  orders!Cart::total | ACCESS_VIOLATION\n"
            "strict      orders.dll+0x1002 | orders.dll+0x1003 | ACCESS_VIOLATION\n"
            "wer         APPCRASH | Orders.exe\n");
}

TEST_F(Signature, ExplainsEachFrameUpToTheFirstThatIsOfNoInterest) {
  const auto output = vigil({"signature", write(report_json()), "--explain"});
  EXPECT_THAT(output.out, HasSubstr("normalised  orders!Cart::total | ACCESS_VIOLATION\n"
                                    "  from the innermost frames\n"
                                    "    0  ntdll!RtlFreeHeap   irrelevant  ntdll.dll!*\n"
                                    "    1  orders!Cart::total  kept\n"
                                    "    2  orders!main         stop\n"));
}

TEST_F(Signature, OfACaptureReadsItsReport) {
  auto store = open();
  finish(store, crash(), report_json());
  EXPECT_THAT(vigil({"signature", "1"}).out, HasSubstr("orders!Cart::total | ACCESS_VIOLATION"));
  const auto json = vigil_json({"signature", "last", "--explain"});
  EXPECT_EQ(json["version"], 2);
  EXPECT_EQ(json["keys"][0]["name"], "normalised");
  EXPECT_EQ(json["keys"][0]["frames"][0]["decision"], "irrelevant");
}

TEST_F(Signature, SaysWhatIsMissing) {
  open();
  EXPECT_EQ(vigil({"signature", "42"}).code, ExitCode::NotFound);
  EXPECT_EQ(vigil({"signature", utf8_from_path(folder / "none.dmp")}).code, ExitCode::NotFound);
  const auto broken = vigil({"signature", write("{\"threads\": 1}")});
  EXPECT_EQ(broken.code, ExitCode::Failed);
  EXPECT_THAT(broken.err, HasSubstr("report.json: report: threads is not an array"));
}

}  // namespace
}  // namespace vigil::cli
