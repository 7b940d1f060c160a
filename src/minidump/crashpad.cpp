// SPDX-License-Identifier: Apache-2.0
#include "minidump/format_extensions.h"
#include "minidump/streams.h"

namespace vigil::minidump {
namespace {

using snapshot::Crashpad;

/// Of one dump: dictionaries in Chromium's dumps have some fifty entries.
constexpr std::size_t kMaxAnnotations = 4'096;
constexpr std::uint64_t kMaxModules = 16'384;

/// Empty for a UUID of zeros: none was given.
std::string uuid_text(const Guid& uuid) {
  const auto text = guid_with_dashes(uuid);
  return text.find_first_not_of("0-") == std::string::npos ? std::string() : text;
}

/// Reads the lists that Crashpad nests, within one limit for all of them.
class CrashpadReader {
 public:
  explicit CrashpadReader(Reader& reader) : reader_(reader) {}

  void read_dictionary(const format::LocationDescriptor& location,
                       std::string_view owner,
                       Crashpad::Annotations& annotations) {
    const auto list = list_at<format::CrashpadDictionaryEntry>(location, owner, room_);
    for (std::uint64_t i = 0; i < list.size(); ++i) {
      const auto raw = list[i];
      add(owner, text_at(raw.key, owner), text_at(raw.value, owner), annotations);
    }
  }

  void read_modules(const format::LocationDescriptor& location, Crashpad& crashpad) {
    const auto list = list_at<format::CrashpadModuleLink>(location, "modules", kMaxModules);
    for (std::uint64_t i = 0; i < list.size(); ++i) {
      const auto link = list[i];
      const auto owner = fmt::format("module {}", link.minidump_module_list_index);
      const auto info = reader_.clamp(link.location).read<format::CrashpadModuleInfo>(0);
      if (!info.ok()) {
        note(owner, info.error().message());
        continue;
      }
      Crashpad::Module module;
      module.index = link.minidump_module_list_index;
      read_texts(info->list_annotations, owner, module.texts);
      read_dictionary(info->simple_annotations, owner, module.annotations);
      read_objects(info->annotation_objects, owner, module.annotations);
      if (!module.texts.empty() || !module.annotations.empty())
        crashpad.modules.push_back(std::move(module));
    }
  }

 private:
  void note(std::string_view owner, std::string_view what) {
    reader_.note(fmt::format("Crashpad: {}: {}", owner, what));
  }

  /// The list at \p location; empty, with a note, when it cannot be read.
  template <Raw T>
  Records<T> list_at(const format::LocationDescriptor& location,
                     std::string_view owner,
                     std::uint64_t limit) {
    if (location.data_size == 0) return {};
    auto list = counted_list<T>(reader_, fmt::format("Crashpad: {}", owner),
                                reader_.clamp(location), limit);
    if (list.ok()) return std::move(list).take();
    note(owner, list.error().message());
    return {};
  }

  /// A string in UTF-8 behind its length; nothing, with a note, when it is lost.
  std::optional<std::string> text_at(std::uint64_t rva, std::string_view owner) {
    const auto bytes = reader_.counted_bytes_at(rva);
    auto text =
        bytes.ok() ? reader_.narrow_text(bytes->text()) : Result<std::string>(bytes.error());
    if (text.ok()) return std::move(text).take();
    note(owner, text.error().message());
    return std::nullopt;
  }

  void add(std::string_view owner,
           std::optional<std::string> key,
           std::optional<std::string> value,
           Crashpad::Annotations& annotations) {
    if (!key || room_ == 0) return;
    if (--room_ == 0) note(owner, "past the limit of annotations");
    annotations.emplace_back(*std::move(key), std::move(value).value_or(std::string()));
  }

  void read_texts(const format::LocationDescriptor& location,
                  std::string_view owner,
                  std::vector<std::string>& texts) {
    const auto list = list_at<std::uint32_t>(location, owner, room_);
    for (std::uint64_t i = 0; i < list.size(); ++i) {
      auto text = text_at(list[i], owner);
      if (!text || room_ == 0) continue;
      --room_;
      texts.push_back(*std::move(text));
    }
  }

  void read_objects(const format::LocationDescriptor& location,
                    std::string_view owner,
                    Crashpad::Annotations& annotations) {
    const auto list = list_at<format::CrashpadAnnotation>(location, owner, room_);
    for (std::uint64_t i = 0; i < list.size(); ++i) {
      const auto raw = list[i];
      if (raw.type == format::kCrashpadAnnotationString) {
        add(owner, text_at(raw.name, owner), text_at(raw.value, owner), annotations);
        continue;
      }
      // Other types are the program's own; only it knows what they mean.
      const auto bytes = reader_.counted_bytes_at(raw.value);
      add(owner, text_at(raw.name, owner),
          fmt::format("{} bytes of type {:#x}", bytes.ok() ? bytes->size() : 0, raw.type),
          annotations);
    }
  }

  Reader& reader_;
  std::size_t room_ = kMaxAnnotations;
};

}  // namespace

Status read_crashpad(Reader& reader, ByteView stream, std::optional<Crashpad>& crashpad) {
  VIGIL_TRY_ASSIGN(const auto raw, stream.read<format::CrashpadInfo>(0));
  auto& result = crashpad.emplace();
  result.report_id = uuid_text(raw.report_id);
  result.client_id = uuid_text(raw.client_id);
  CrashpadReader lists(reader);
  lists.read_dictionary(raw.simple_annotations, "annotations", result.annotations);
  lists.read_modules(raw.module_list, result);
  return {};
}

}  // namespace vigil::minidump
