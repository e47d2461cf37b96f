// The table of kinds; see kubernetes_kind.h.
#include "rules/model/kubernetes_kind.h"

#include <algorithm>
#include <tuple>

namespace writ {
namespace {

#define WRIT_ROW(group, kind, resource, short_names, versions, scope, operations, subresources) \
  {group, kind, resource, short_names, versions, KindScope::k##scope, operations, subresources},
constexpr KubernetesKind kKinds[] = {WRIT_KUBERNETES_KINDS(WRIT_ROW)};
#undef WRIT_ROW

Subresource ReadSubresource(std::string_view word) {
  const std::size_t colon = word.find(':');
  const std::string_view name = word.substr(0, colon);
  const std::size_t equals = name.find('=');
  return {name.substr(0, equals), equals == std::string_view::npos ? std::string_view() : name.substr(equals + 1), word.substr(colon + 1)};
}

}  // namespace

std::span<const KubernetesKind> KubernetesKinds() { return kKinds; }

const KubernetesKind* TryFindKind(std::string_view group, std::string_view kind) {
  const auto key = std::tuple(group, kind);
  const auto before = [](const KubernetesKind& row, const auto& wanted) { return std::tuple(row.group, row.kind) < wanted; };
  const auto* found = std::lower_bound(std::begin(kKinds), std::end(kKinds), key, before);
  return found != std::end(kKinds) && found->group == group && found->kind == kind ? found : nullptr;
}

const KubernetesKind* TryFindResource(std::string_view group, std::string_view resource) {
  const auto is_it = [&](const KubernetesKind& row) { return row.group == group && row.resource == resource; };
  const auto* found = std::find_if(std::begin(kKinds), std::end(kKinds), is_it);
  return found == std::end(kKinds) ? nullptr : found;
}

bool IsKnownGroup(std::string_view group) {
  const auto before = [](const KubernetesKind& row, std::string_view wanted) { return row.group < wanted; };
  const auto* found = std::lower_bound(std::begin(kKinds), std::end(kKinds), group, before);
  return found != std::end(kKinds) && found->group == group;
}

bool IsToolHiveGroup(std::string_view group) { return group == "toolhive.stacklok.dev"; }

std::vector<Subresource> SubresourcesOf(const KubernetesKind& kind) {
  std::vector<Subresource> all;
  for (const std::string_view word : ListWords(kind.subresources)) all.push_back(ReadSubresource(word));
  return all;
}

std::optional<Subresource> TryFindSubresource(const KubernetesKind& kind, std::string_view name) {
  for (const Subresource& each : SubresourcesOf(kind)) {
    if (each.name == name) return each;
  }
  return std::nullopt;
}

std::string KindName(const KubernetesKind& kind) {
  std::string name(kind.kind);
  if (!kind.group.empty()) name.append(".").append(kind.group);
  return name;
}

std::vector<std::string_view> ListWords(std::string_view list) {
  std::vector<std::string_view> words;
  while (!list.empty()) {
    const std::size_t space = std::min(list.find(' '), list.size());
    words.push_back(list.substr(0, space));
    list.remove_prefix(std::min(space + 1, list.size()));
  }
  return words;
}

}  // namespace writ
