// SPDX-License-Identifier: Apache-2.0
#include "report_source.h"

#include <algorithm>

#include "base/utf.h"
#include "capture_id.h"
#include "pipeline/pipeline.h"
#include "platform/platform.h"
#include "store/store.h"

namespace vigil::cli {
namespace {

/// Who reads a dump at a prompt may have more for it than the service grants its sandbox.
std::uint64_t half_of_free_memory() {
  return platform::available_memory_bytes() / 2;
}

}  // namespace

bool is_capture_id(const std::string& subject) {
  return subject == "last" ||
         (!subject.empty() &&
          std::all_of(subject.begin(), subject.end(), [](char c) { return c >= '0' && c <= '9'; }));
}

Result<report::Report> report_of_capture(const Context& context, const std::string& id) {
  VIGIL_TRY_ASSIGN(auto store, store::Store::open(context.store_file, store::OpenMode::ReadOnly));
  VIGIL_TRY_ASSIGN(const auto capture, find_capture(store, id));
  VIGIL_TRY_ASSIGN(const auto json, store.report_json(capture.id));
  return report::from_json(json);
}

Result<report::Report> report_of_dump(const std::filesystem::path& file,
                                      symbols::Library& library,
                                      const std::vector<pipeline::Sample>& samples) {
  pipeline::Limits limits;
  limits.more_unpacked_bytes = half_of_free_memory;
  return pipeline::analyze(file, library, limits, samples);
}

Result<bool> is_json_file(const std::filesystem::path& file) {
  constexpr std::uint64_t kLookedAt = 64;
  VIGIL_TRY_ASSIGN(const auto mapped, platform::MappedFile::open(file));
  const auto text = mapped->bytes().clamp(0, kLookedAt).text();
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

Result<report::Report> report_of_json(const std::filesystem::path& file) {
  VIGIL_TRY_ASSIGN(const auto mapped, platform::MappedFile::open(file));
  auto report = report::from_json(mapped->bytes().text());
  if (!report.ok()) return std::move(report).take_error().with_context(utf8_from_path(file));
  return report;
}

}  // namespace vigil::cli
