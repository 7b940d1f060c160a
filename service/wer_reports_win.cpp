// SPDX-License-Identifier: Apache-2.0
#include "wer_reports.h"

#include <span>
#include <utility>

#include "base/utf.h"
#include "platform/platform.h"

namespace vigil::service {

std::optional<wer::Report> read_wer_report(const std::string& folder) {
  const auto data = platform::default_data_folder();
  if (!data.ok()) return std::nullopt;
  const auto file = wer::report_file(folder, utf8_from_path(data->parent_path()));
  if (file.empty()) return std::nullopt;
  const auto content = platform::read_file(path_from_utf8(file), wer::kMaxReportBytes);
  if (!content.ok()) return std::nullopt;  // Windows removes reports that it has sent
  auto report = wer::parse_report(ByteView(std::as_bytes(std::span(*content))));
  return report.ok() ? std::optional(std::move(report).take()) : std::nullopt;
}

}  // namespace vigil::service
