// SPDX-License-Identifier: Apache-2.0
#include "pdb/dbi.h"

#include <algorithm>

#include <fmt/format.h>

#include "pdb/search.h"

namespace vigil::pdb {
namespace {

/// Of the paths of a module and its object file.
constexpr std::uint64_t kMaxModuleNameBytes = 32'768;
constexpr std::uint64_t kAlignment = 4;

}  // namespace

Result<Dbi> Dbi::open(const Stream& stream) {
  VIGIL_TRY_ASSIGN(const auto header, stream.read<format::DbiHeader>(0));
  if (header.signature != format::kDbiSignature) {
    return Error{Errc::Unsupported,
                 fmt::format("starts with {:#010x}, as before Visual C++ 5", header.signature)};
  }
  Dbi dbi;
  dbi.header_ = header;
  std::uint64_t at = sizeof(header);
  const auto next = [&](std::uint64_t size) {
    const Stream part = stream.part(at, size);
    at += size;
    return part;
  };
  dbi.modules_ = next(header.modules_size);
  const Stream contributions = next(header.contributions_size);
  (void)next(header.section_map_size);  // these four are of no use here
  (void)next(header.sources_size);
  (void)next(header.type_servers_size);
  (void)next(header.edit_and_continue_size);
  dbi.debug_headers_ = next(header.debug_headers_size);
  const auto version = contributions.read<std::uint32_t>(0);
  if (version.ok() && *version == format::kContributionsV1) {
    dbi.contribution_bytes_ = sizeof(format::Contribution);
  } else if (version.ok() && *version == format::kContributionsV2) {
    dbi.contribution_bytes_ = format::kContributionV2Bytes;
  }
  dbi.contributions_ = contributions.part(sizeof(std::uint32_t), contributions.size());
  return dbi;
}

std::uint16_t Dbi::debug_stream(format::DebugHeader header) const {
  const auto number = debug_headers_.read<std::uint16_t>(static_cast<std::uint64_t>(header) *
                                                         sizeof(std::uint16_t));
  return number.ok() ? *number : format::kNilStream;
}

Result<Contribution> Dbi::contribution_at(std::uint64_t index) const {
  VIGIL_TRY_ASSIGN(const auto raw,
                   contributions_.read<format::Contribution>(index * contribution_bytes_));
  return Contribution{{raw.section, raw.offset},
                      raw.size,
                      raw.module,
                      (raw.characteristics & format::kSectionIsComdat) != 0};
}

std::optional<Contribution> Dbi::contribution(SectionOffset place) const {
  if (contribution_bytes_ == 0) return std::nullopt;
  std::uint64_t next =
      count_up_to(contributions_.size() / contribution_bytes_, [&](std::uint64_t i) {
        const auto entry = contribution_at(i);
        return entry.ok() && entry->start <= place;
      });
  // Empty pieces may share the address of the one that is there.
  for (int i = 0; i < kMaxOverlaps && next > 0; ++i) {
    const auto entry = contribution_at(--next);
    if (!entry.ok() || entry->start.section != place.section) break;
    if (covers(entry->start, entry->size, place)) return *entry;
  }
  return std::nullopt;
}

Status Dbi::read_next_module() {
  VIGIL_TRY_ASSIGN(const auto raw, modules_.read<format::ModuleInfo>(next_module_));
  std::uint64_t at = next_module_ + sizeof(raw);
  for (int name = 0; name < 2; ++name) {  // of the module, of its object file
    VIGIL_TRY_ASSIGN(const std::string text, modules_.c_string(at, kMaxModuleNameBytes));
    at += text.size() + 1;
  }
  known_modules_.push_back({.stream = raw.stream,
                            .symbols_size = raw.symbols_size,
                            .c11_size = raw.c11_size,
                            .c13_size = raw.c13_size});
  next_module_ = (at + kAlignment - 1) / kAlignment * kAlignment;
  return {};
}

Result<ModuleStreams> Dbi::module(std::uint16_t index) {
  while (known_modules_.size() <= index) VIGIL_TRY(read_next_module());
  return known_modules_[index];
}

}  // namespace vigil::pdb
