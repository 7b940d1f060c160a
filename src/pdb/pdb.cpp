// SPDX-License-Identifier: Apache-2.0
#include "pdb/pdb.h"

#include <map>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "pdb/dbi.h"
#include "pdb/format.h"
#include "pdb/frames.h"
#include "pdb/global_names.h"
#include "pdb/info.h"
#include "pdb/inlines.h"
#include "pdb/layouts.h"
#include "pdb/module.h"
#include "pdb/msf.h"
#include "pdb/publics.h"
#include "pdb/sections.h"
#include "pdb/types.h"

namespace vigil::pdb {

class Pdb::Reader {
 public:
  explicit Reader(Msf msf) : msf_(std::move(msf)) {}

  [[nodiscard]] Status read_identity();
  [[nodiscard]] std::optional<Location> locate(std::uint32_t rva);
  [[nodiscard]] std::optional<FrameData> frame_data(std::uint32_t rva);
  [[nodiscard]] std::optional<std::uint32_t> find_name(std::string_view name);
  [[nodiscard]] std::optional<TypeLayout> find_type(std::string_view name);
  [[nodiscard]] std::optional<std::uint64_t> type_size(std::string_view name);
  [[nodiscard]] std::optional<Member> find_member(std::string_view type, std::string_view path);

  Identity identity;
  Traits traits;
  Diagnostics diagnostics;

 private:
  void read_tables();
  void read_sections();
  [[nodiscard]] Stream debug_stream(format::DebugHeader header) const;
  template <class T>
  [[nodiscard]] T value_or_note(std::string_view what, Result<T> result);
  [[nodiscard]] const Module& module(std::uint16_t index);
  [[nodiscard]] std::optional<Location> from_module(const Module& module, SectionOffset place);
  [[nodiscard]] std::optional<Location> from_publics(const Module* module,
                                                     const Contribution* contribution,
                                                     SectionOffset place);
  [[nodiscard]] Place place_of(const Module* module, std::optional<FileLine> at) const;
  [[nodiscard]] std::optional<FrameData> source_frame_data(std::uint32_t rva);

  Msf msf_;
  std::uint32_t names_stream_ = 0;
  std::optional<Dbi> dbi_;
  bool tables_read_ = false;
  Sections sections_;
  Publics publics_;
  GlobalNames global_names_;
  Names names_;
  Types types_;
  Types ids_;
  std::map<std::uint16_t, Module> modules_;
  std::size_t cached_bytes_ = 0;
};

Status Pdb::Reader::read_identity() {
  VIGIL_TRY_ASSIGN(const Info info, read_info(msf_.stream(format::kInfoStream)));
  names_stream_ = info.names_stream;
  traits.fastlink = info.minimal;
  identity = {.guid = info.guid, .age = info.age, .signature = info.signature};
  auto dbi = Dbi::open(msf_.stream(format::kDbiStream));
  if (!dbi.ok()) {
    diagnostics.note(fmt::format("debug information: {}", dbi.error().message()));
    return {};
  }
  const auto& header = dbi->header();
  identity.age = header.age;
  traits.machine = header.machine;
  traits.incremental = (header.flags & format::kDbiIncremental) != 0;
  traits.stripped = (header.flags & format::kDbiStripped) != 0;
  dbi_ = std::move(dbi).take();
  return {};
}

template <class T>
T Pdb::Reader::value_or_note(std::string_view what, Result<T> result) {
  if (result.ok()) return std::move(result).take();
  diagnostics.note(fmt::format("{}: {}", what, result.error().message()));
  return T{};
}

Stream Pdb::Reader::debug_stream(format::DebugHeader header) const {
  return msf_.stream(dbi_->debug_stream(header));
}

void Pdb::Reader::read_sections() {
  const Stream to_source = debug_stream(format::DebugHeader::OmapToSource);
  const Stream original = debug_stream(format::DebugHeader::OriginalSections);
  if (to_source.empty() || original.empty()) {
    sections_ = value_or_note("sections",
                              Sections::read(debug_stream(format::DebugHeader::Sections), {}, {}));
    return;
  }
  sections_ = value_or_note(
      "sections",
      Sections::read(original, to_source, debug_stream(format::DebugHeader::OmapFromSource)));
}

/// Everything that the first address needs, none of it larger than a few values.
void Pdb::Reader::read_tables() {
  tables_read_ = true;
  if (!dbi_) return;
  read_sections();
  const auto& header = dbi_->header();
  publics_ = value_or_note("publics", Publics::open(msf_.stream(header.publics_stream),
                                                    msf_.stream(header.symbols_stream)));
  global_names_ = GlobalNames(publics_.names(), msf_.stream(header.globals_stream),
                              msf_.stream(header.symbols_stream));
  if (names_stream_ != 0) {
    names_ = value_or_note("names", Names::open(msf_.stream(names_stream_)));
  }
  types_ = value_or_note("types", Types::open(msf_, msf_.stream(format::kTpiStream)));
  ids_ = value_or_note("ids", Types::open(msf_, msf_.stream(format::kIpiStream)));
}

const Module& Pdb::Reader::module(std::uint16_t index) {
  if (const auto known = modules_.find(index); known != modules_.end()) return known->second;
  const ModuleStreams streams = value_or_note(fmt::format("module {}", index), dbi_->module(index));
  if (cached_bytes_ >= kMaxCachedBytes) {
    modules_.clear();
    cached_bytes_ = 0;
  }
  auto& module =
      modules_.emplace(index, Module::read(msf_, streams, index, diagnostics)).first->second;
  cached_bytes_ += module.memory();
  return module;
}

Place Pdb::Reader::place_of(const Module* module, std::optional<FileLine> at) const {
  Place place;
  if (module == nullptr || !at) return place;
  place.file = module->lines().file_name(at->file, names_);
  place.line = at->line;
  return place;
}

std::optional<Location> Pdb::Reader::from_module(const Module& module, SectionOffset place) {
  const Procedure* procedure = module.find(place);
  if (procedure == nullptr) return std::nullopt;
  auto name = module.name(*procedure);
  if (!name) return std::nullopt;
  Location result{.function = *name,
                  .rva = sections_.rva(procedure->start).value_or(0),
                  .size = procedure->size,
                  .certain = true,
                  .places = {}};
  bool too_deep = false;
  auto calls =
      find_inlined_calls(module.scope(*procedure), module.lines(),
                         place.offset - procedure->start.offset, kMaxInlineDepth, too_deep);
  if (too_deep) {
    diagnostics.note(fmt::format("{}: calls are inlined deeper than {}", *name, kMaxInlineDepth));
  }
  for (auto call = calls.rbegin(); call != calls.rend(); ++call) {
    result.places.push_back(place_of(&module, call->place));
    result.places.back().function = inlinee_name(ids_, types_, call->inlinee);
  }
  result.places.push_back(place_of(&module, module.lines().find(place)));
  result.places.back().function = std::move(*name);
  return result;
}

std::optional<Location> Pdb::Reader::from_publics(const Module* module,
                                                  const Contribution* contribution,
                                                  SectionOffset place) {
  auto nearest = publics_.nearest(place);
  if (!nearest) return std::nullopt;
  const bool certain = contribution != nullptr && contribution->one_function &&
                       contribution->start == nearest->start;
  Location result{.function = nearest->name,
                  .rva = sections_.rva(nearest->start).value_or(0),
                  .size = certain ? contribution->size : 0,
                  .is_public = true,
                  .certain = certain,
                  .places = {}};
  result.places.push_back(
      place_of(module, module != nullptr ? module->lines().find(place) : std::nullopt));
  result.places.back().function = std::move(nearest->name);
  return result;
}

std::optional<Location> Pdb::Reader::locate(std::uint32_t rva) {
  if (!tables_read_) read_tables();
  const auto place = sections_.place(rva);
  if (!place) return std::nullopt;
  const auto contribution = dbi_->contribution(*place);
  const Module* owner = contribution ? &module(contribution->module) : nullptr;
  if (owner != nullptr) {
    if (auto found = from_module(*owner, *place)) return found;
  }
  return from_publics(owner, contribution ? &*contribution : nullptr, *place);
}

std::optional<FrameData> Pdb::Reader::source_frame_data(std::uint32_t rva) {
  if (auto found = find_frame_data(debug_stream(format::DebugHeader::NewFpo), names_, rva)) {
    return found;
  }
  const auto place = sections_.place(rva);
  const auto contribution = place ? dbi_->contribution(*place) : std::nullopt;
  if (contribution) {
    for (const Stream& part : module(contribution->module).lines().frame_data()) {
      if (auto found = find_frame_data(part, names_, rva)) return found;
    }
  }
  return find_old_fpo(debug_stream(format::DebugHeader::OldFpo), rva);
}

std::optional<FrameData> Pdb::Reader::frame_data(std::uint32_t rva) {
  if (!tables_read_) read_tables();
  if (!dbi_) return std::nullopt;
  const auto source = sections_.to_source(rva);
  auto found = source ? source_frame_data(*source) : std::nullopt;
  if (found) found->rva = sections_.from_source(found->rva).value_or(0);
  return found;
}

std::optional<std::uint32_t> Pdb::Reader::find_name(std::string_view name) {
  constexpr std::uint16_t kMachineI386 = 0x14c;
  if (!tables_read_) read_tables();
  auto place = global_names_.find(name, diagnostics);
  if (!place && traits.machine == kMachineI386)
    place = global_names_.find("_" + std::string(name), diagnostics);
  return place ? sections_.rva(*place) : std::nullopt;
}

std::optional<TypeLayout> Pdb::Reader::find_type(std::string_view name) {
  if (!tables_read_) read_tables();
  return Layouts(types_, diagnostics).find_type(name);
}

std::optional<std::uint64_t> Pdb::Reader::type_size(std::string_view name) {
  if (!tables_read_) read_tables();
  return Layouts(types_, diagnostics).type_size(name);
}

std::optional<Member> Pdb::Reader::find_member(std::string_view type, std::string_view path) {
  if (!tables_read_) read_tables();
  return Layouts(types_, diagnostics).find_member(type, path);
}

std::string debug_id(const Identity& identity) {
  return debug_id_of(identity.guid, identity.age);
}

Pdb::Pdb(std::unique_ptr<Reader> reader) : reader_(std::move(reader)) {}
Pdb::Pdb(Pdb&&) noexcept = default;
Pdb& Pdb::operator=(Pdb&&) noexcept = default;
Pdb::~Pdb() = default;

Result<Pdb> Pdb::open(ByteSource& file) {
  auto msf = Msf::open(file);
  if (!msf.ok()) return std::move(msf).take_error().with_context("pdb");
  auto reader = std::make_unique<Reader>(std::move(msf).take());
  if (auto read = reader->read_identity(); !read.ok()) {
    return std::move(read).take_error().with_context("pdb: information stream");
  }
  return Pdb(std::move(reader));
}

const Identity& Pdb::identity() const noexcept {
  return reader_->identity;
}
const Traits& Pdb::traits() const noexcept {
  return reader_->traits;
}
const Diagnostics& Pdb::diagnostics() const noexcept {
  return reader_->diagnostics;
}
std::optional<Location> Pdb::locate(std::uint32_t rva) {
  return reader_->locate(rva);
}
std::optional<FrameData> Pdb::frame_data(std::uint32_t rva) {
  return reader_->frame_data(rva);
}
std::optional<std::uint32_t> Pdb::find_name(std::string_view name) {
  return reader_->find_name(name);
}
std::optional<TypeLayout> Pdb::find_type(std::string_view name) {
  return reader_->find_type(name);
}
std::optional<std::uint64_t> Pdb::type_size(std::string_view name) {
  return reader_->type_size(name);
}
std::optional<Member> Pdb::find_member(std::string_view type, std::string_view path) {
  return reader_->find_member(type, path);
}

}  // namespace vigil::pdb
