// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/words.h"
#include "report/text_kernel.h"
#include "report/text_sections.h"

namespace vigil::report {
namespace {

/// What people call the figures of the JSON form.
struct Words {
  std::string_view name, text;
};
constexpr Words kWords[] = {
    {"physical_total", "memory"},
    {"available", "memory available"},
    {"resident_available", "memory not locked"},
    {"page_files", "page files, number of"},
    {"page_file_size", "page files, size of"},
    {"page_file_free", "page files, free"},
    {"commit", "committed"},
    {"commit_limit", "commit limit"},
    {"commit_limit_maximum", "commit limit, highest"},
    {"commit_peak", "committed, highest"},
    {"nonpaged_pool", "nonpaged pool"},
    {"nonpaged_pool_maximum", "nonpaged pool, limit"},
    {"paged_pool", "paged pool"},
    {"paged_pool_maximum", "paged pool, limit"},
    {"shared_commit", "committed, shared"},
    {"driver_commit", "committed by drivers"},
    {"process_commit", "committed by processes"},
};

std::string in_words(std::string_view name) {
  const auto found = std::ranges::find(kWords, name, &Words::name);
  return std::string(found == std::end(kWords) ? name : found->text);
}

const KernelCounter* known(const Kernel& kernel, std::string_view name) {
  const auto found = std::ranges::find(kernel.counters, name, &KernelCounter::name);
  return found == kernel.counters.end() || !found->bytes ? nullptr : &*found;
}

/// `15.9 GiB of 16.0 GiB`, or nothing where one of them is not known.
std::string share(const KernelCounter* part, const KernelCounter* whole) {
  if (part == nullptr || whole == nullptr) return {};
  return fmt::format("{} of {}", format_bytes(*part->bytes), format_bytes(*whole->bytes));
}

void add_line(TextPage& page,
              std::string_view name,
              std::string_view value,
              std::string_view source) {
  constexpr int kNameColumns = 24, kValueColumns = 12;
  page.line(fmt::format("{:<{}}{:>{}}  {}", name, kNameColumns, value, kValueColumns, source),
            value == "-" ? Style::Faint : Style::Plain);
}

}  // namespace

std::string low_memory_in_words(const Kernel& kernel) {
  auto text = std::string("the machine had next to none left");
  const auto free = share(known(kernel, "available"), known(kernel, "physical_total"));
  const auto* limit = known(kernel, "commit_limit");
  if (limit == nullptr) limit = known(kernel, "commit_limit_maximum");
  const auto committed = share(known(kernel, "commit"), limit);
  if (!free.empty()) text += fmt::format(": {} available", free);
  if (!committed.empty())
    text += fmt::format("{} {} that may be were committed", free.empty() ? ":" : ",", committed);
  return text;
}

void add_kernel_state(TextPage& page, const Kernel& kernel, bool whole) {
  std::string missing;
  bool any_missing = false;
  for (const auto& counter : kernel.counters) {
    const bool is_known = counter.bytes || counter.count;
    any_missing = any_missing || !is_known;
    if (!is_known && !whole && counter.source.empty()) {
      missing += (missing.empty() ? "" : "; ") + in_words(counter.name);
      continue;
    }
    const auto value = counter.bytes   ? format_bytes(*counter.bytes)
                       : counter.count ? fmt::format("{}", *counter.count)
                                       : std::string("-");
    add_line(page, in_words(counter.name), value,
             counter.source.empty() ? "not in this dump" : counter.source);
  }
  if (!missing.empty()) page.line("not in this dump: " + missing, Style::Faint);
  // Since Windows 10 the kernel's debugger data has few of them.
  const bool by_symbols = kernel.offsets.starts_with("symbols of");
  if (any_missing && !kernel.translation.empty() && !by_symbols) {
    page.line(
        "with the kernel's PDB (--symbols) more figures can be read from the memory in this dump",
        Style::Faint);
  }
}

}  // namespace vigil::report
