// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "unit/analysis/sample_crash.h"

namespace vigil::analysis {
namespace {

report::Report report_of(SampleCrash& sample) {
  auto findings = sample.analyze();
  report::Report report;
  report.threads = sample.threads;
  report.crash = std::move(findings.crash);
  report.blamed_thread = findings.blamed_thread;
  report.signature = std::move(findings.signature);
  return report;
}

TEST(Explain, GivesTheKeysThatTheSignatureHas) {
  SampleCrash sample(0xc0000005, {0, 0x18});
  const auto report = report_of(sample);
  const auto keys = explain_signature(report);
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].name, "normalised");
  EXPECT_EQ(keys[0].text, report.signature.text);
  EXPECT_EQ(keys[1].name, "strict");
  EXPECT_EQ(keys[1].text, report.signature.strict);
}

TEST(Explain, SaysWhatWasMadeOfEachFrame) {
  SampleCrash sample(0xc0000409, {7});
  sample.stack() = {
      frame("orders.dll", "on_end", 1),      frame("orders.dll", "abort", 2),
      frame("stale.dll", "old", 3, "scan"),  frame("orders.dll", "std::vector<int>::at", 4),
      frame("orders.dll", "Cart::total", 5), frame("orders.dll", "main", 6)};
  const auto keys = explain_signature(report_of(sample));
  const std::pair<const char*, const char*> expected[] = {{"sentinel", "*!abort"},
                                                          {"irrelevant", "*!abort"},
                                                          {"guess", "found by scanning the stack"},
                                                          {"prefix", "*!std::*"},
                                                          {"kept", ""},
                                                          {"stop", ""}};
  ASSERT_EQ(keys[0].frames.size(), 6u);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(keys[0].frames[i].decision, expected[i].first) << i;
    EXPECT_EQ(keys[0].frames[i].why, expected[i].second) << i;
  }
  EXPECT_EQ(keys[0].frames[4].part, "orders!Cart::total");
  EXPECT_EQ(keys[0].text,
            "orders!std::vector<T>::at | orders!Cart::total | FAIL_FAST (FATAL_APP_EXIT)");
}

TEST(Explain, DoesWithoutAStack) {
  const auto keys = explain_signature(report::Report());
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].text, "(no stack) | NO_EXCEPTION");
  report::Report wrong;
  wrong.blamed_thread = 7;
  EXPECT_EQ(explain_signature(wrong)[0].text, "(no stack) | NO_EXCEPTION");
}

TEST(WerBucket, HasTheParametersOfTheEvent) {
  SampleCrash sample(0xc0000005, {0, 0x18});
  EXPECT_EQ(sample.analyze().signature.wer_bucket, "");
  sample.snapshot.system.os = snapshot::Os::Windows;
  sample.snapshot.modules[0].timestamp = 0x5f3a1b2c;
  snapshot::Module orders;
  orders.base = 0x7ff8'0000'0000 - 0x1000;
  orders.size = 0x10000;
  orders.path = "C:\\Orders\\orders.dll";
  orders.timestamp = 0x5e000001;
  sample.snapshot.modules.push_back(orders);
  EXPECT_EQ(sample.analyze().signature.wer_bucket,
            "APPCRASH | OrdersApi.exe | 4.2.1.0 | 5f3a1b2c | orders.dll | 0.0.0.0 | 5e000001 | "
            "c0000005 | 000000000000101a");
  sample.snapshot.exception->code = 0xc0000409;
  sample.snapshot.exception->parameters = {7};
  EXPECT_EQ(sample.analyze().signature.wer_bucket,
            "BEX64 | OrdersApi.exe | 4.2.1.0 | 5f3a1b2c | orders.dll | 0.0.0.0 | 5e000001 | "
            "000000000000101a | c0000409 | 0000000000000007");
  sample.snapshot.exception->code = 0xe0434352;
  EXPECT_EQ(sample.analyze().signature.wer_bucket, "");
}

}  // namespace
}  // namespace vigil::analysis
