// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <limits>

#include "minidump/streams.h"

namespace vigil::minidump {
namespace {

using snapshot::Module;
using snapshot::UnloadedModule;

/// The largest real processes load some 5,000.
constexpr std::uint64_t kMaxModules = 16'384;
/// Windows remembers 64.
constexpr std::uint64_t kMaxUnloadedModules = 4'096;
/// A CodeView record is a path with 24 bytes in front of it.
constexpr std::uint32_t kMaxCodeViewBytes = 4'096;

/// The text from \p offset to the first NUL, or to the end of the record.
Result<std::string> pdb_path(Reader& reader, ByteView record, std::uint64_t offset) {
  const auto text = record.clamp(offset, record.size()).text();
  return reader.narrow_text(text.substr(0, text.find('\0')));
}

Status read_rsds(Reader& reader, ByteView record, Module& module) {
  VIGIL_TRY_ASSIGN(const auto raw, record.read<format::CodeViewRsds>(0));
  module.debug_id = debug_id_of(raw.guid, raw.age);
  VIGIL_TRY_ASSIGN(module.debug_file, pdb_path(reader, record, sizeof(raw)));
  return {};
}

Status read_nb10(Reader& reader, ByteView record, Module& module) {
  VIGIL_TRY_ASSIGN(const auto raw, record.read<format::CodeViewNb10>(0));
  module.debug_id = fmt::format("{:08X}{:x}", raw.time_date_stamp, raw.age);
  VIGIL_TRY_ASSIGN(module.debug_file, pdb_path(reader, record, sizeof(raw)));
  return {};
}

/// ELF files have a build id of any length and no PDB. Symbol stores take its first 16 bytes for a
/// GUID and the file for its own debug file.
Status read_elf_build_id(ByteView record, Module& module) {
  const auto build_id = record.clamp(sizeof(std::uint32_t), sizeof(Guid)).bytes();
  if (build_id.empty()) return Error{Errc::Truncated, "build id without bytes"};
  std::array<std::byte, sizeof(Guid)> padded{};
  std::ranges::copy(build_id, padded.begin());
  module.debug_id = debug_id_of(*ByteView(padded).read<Guid>(0), 0);
  module.debug_file = module.path;
  return {};
}

Status read_codeview(Reader& reader, const format::LocationDescriptor& location, Module& module) {
  if (location.data_size > kMaxCodeViewBytes) {
    return Error{Errc::LimitExceeded, fmt::format("{} bytes, and the limit is {}",
                                                  location.data_size, kMaxCodeViewBytes)};
  }
  const auto record = reader.clamp(location);
  VIGIL_TRY_ASSIGN(const auto signature, record.read<std::uint32_t>(0));
  switch (signature) {
    case format::kCodeViewRsds: return read_rsds(reader, record, module);
    case format::kCodeViewNb10: return read_nb10(reader, record, module);
    case format::kCodeViewElfBuildId: return read_elf_build_id(record, module);
    default:
      return Error{Errc::Unsupported, fmt::format("signature {:#010x} is not known", signature)};
  }
}

std::string file_version(const format::VsFixedFileInfo& info) {
  if (info.signature != format::kVsFixedFileInfoSignature) return {};
  return fmt::format("{}.{}.{}.{}", info.file_version_ms >> 16, info.file_version_ms & 0xffff,
                     info.file_version_ls >> 16, info.file_version_ls & 0xffff);
}

/// Sizes that wrap around the end of the address space end there.
std::uint64_t bounded_size(std::uint64_t base, std::uint64_t size) {
  return std::min(size, std::numeric_limits<std::uint64_t>::max() - base);
}

Module read_module(Reader& reader, const format::Module& raw) {
  Module module;
  module.base = reader.address(raw.base_of_image);
  module.size = bounded_size(module.base, raw.size_of_image);
  module.timestamp = raw.time_date_stamp;
  module.checksum = raw.check_sum;
  module.version = file_version(raw.version_info);
  const auto item = [&module] { return fmt::format("module at {:#x}", module.base); };
  module.path = reader.name_at(raw.module_name_rva, item);
  if (raw.cv_record.data_size == 0) return module;
  if (const auto status = read_codeview(reader, raw.cv_record, module); !status.ok()) {
    reader.note(fmt::format("{}: debug record: {}", item(), status.error().message()));
  }
  return module;
}

}  // namespace

Status read_module_list(Reader& reader, ByteView stream, std::vector<Module>& modules) {
  VIGIL_TRY_ASSIGN(const auto list,
                   counted_list<format::Module>(reader, "module list", stream, kMaxModules));
  modules.reserve(static_cast<std::size_t>(list.size()));
  for (std::uint64_t i = 0; i < list.size(); ++i) modules.push_back(read_module(reader, list[i]));
  return {};
}

Status read_unloaded_module_list(Reader& reader,
                                 ByteView stream,
                                 std::vector<UnloadedModule>& modules) {
  VIGIL_TRY_ASSIGN(const auto list, (sized_list<format::UnloadedModule, std::uint32_t>(
                                        reader, "unloaded modules", stream, kMaxUnloadedModules)));
  modules.reserve(static_cast<std::size_t>(list.size()));
  for (std::uint64_t i = 0; i < list.size(); ++i) {
    const auto raw = list[i];
    auto& module = modules.emplace_back();
    module.base = reader.address(raw.base_of_image);
    module.size = bounded_size(module.base, raw.size_of_image);
    module.timestamp = raw.time_date_stamp;
    module.name = reader.name_at(raw.module_name_rva, [&module] {
      return fmt::format("unloaded module at {:#x}", module.base);
    });
  }
  return {};
}

}  // namespace vigil::minidump
