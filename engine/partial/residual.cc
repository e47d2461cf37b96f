// Writing residuals; see residual.h.
#include "engine/partial/residual.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/json/json_writer.h"
#include "rules/build/build.h"
#include "rules/function/function.h"
#include "rules/ir/text.h"
#include "rules/opt/program_nodes.h"

namespace writ {
namespace {

// Writes the nodes of one graph; stops soon after `max_bytes`.
class TreeWriter {
 public:
  TreeWriter(const ResidualGraph& residual, std::size_t max_bytes, std::string& out)
      : graph_(residual.graph()), types_(residual.types()), max_bytes_(max_bytes), json_(out) {}

  // NOLINTNEXTLINE(misc-no-recursion): kMaxResidualDepth
  void Write(NodeId id) {
    if (json_.size() > max_bytes_) return json_.Raw("null");
    const Node& node = graph_[id];
    json_.Open('{');
    switch (node.kind) {
      case NodeKind::kConstant: WriteConstant(node); break;
      case NodeKind::kSlot: WritePath("path", node); break;
      case NodeKind::kHasSlot: WritePath("has_path", node); break;
      case NodeKind::kOptionalSlot:
        WritePath("optional_path", node);
        json_.Key("plain").Raw(std::to_string(node.detail));
        break;
      case NodeKind::kVariable:
        json_.Key("op").String("variable");
        json_.Key("name").String(VariableName(node));
        break;
      default: WriteOperation(node, graph_.args(id)); break;  // NOLINT: what has arguments
    }
    json_.Close('}');
  }

 private:
  static std::string VariableName(const Node& node) { return "v" + std::to_string(node.index); }

  void WritePath(std::string_view op, const Node& node) {
    json_.Key("op").String(op);
    WriteType(node.type);
    std::vector<std::string> path;
    for (SlotId at(node.index); at.valid(); at = graph_.slots[at.index].parent) path.insert(path.begin(), graph_.slots[at.index].key);
    json_.Key("path").Strings(path);
  }

  void WriteType(TypeId type) {
    if (type.valid() && type != SimpleType(TypeKind::kDyn)) json_.Key("type").String(types_.Text(type));
  }

  void WriteConstant(const Node& node) { WriteValue(graph_.constant(node.index)); }

  // Lists and maps of known values are operations on values: each of them says its own type.
  // NOLINTNEXTLINE(misc-no-recursion): values nest at most 1000 deep
  void WriteValue(const Value& value) {
    if (value.is(Kind::kList) || value.is(Kind::kMap)) {
      json_.Key("op").String(value.is(Kind::kList) ? "list" : "map");
      json_.Key("args").Open('[');
      const std::uint32_t size = value.is(Kind::kList) ? value.size : value.map->size;
      for (std::uint32_t i = 0; i < size && json_.size() <= max_bytes_; ++i) {
        if (value.is(Kind::kMap)) WriteItem(value.map->entries[i].key);
        WriteItem(value.is(Kind::kList) ? value.items[i] : value.map->entries[i].value);
      }
      json_.Close(']');
      return;
    }
    json_.Key("op").String("value");
    json_.Key("type").String(value.is(Kind::kType) ? "type" : types_.Text(SimpleType(LiteralTypeOf(value.kind))));
    std::string text;
    AppendJson(value, text);
    json_.Key("value").Raw(text);
  }

  // NOLINTNEXTLINE(misc-no-recursion): see WriteValue
  void WriteItem(const Value& value) {
    json_.Open('{');
    WriteValue(value);
    json_.Close('}');
  }

  // NOLINTNEXTLINE(misc-no-recursion): see Write
  void WriteOperation(const Node& node, std::span<const NodeId> args) {
    json_.Key("op").String(NodeKindName(node.kind));
    if (node.kind == NodeKind::kCall) json_.Key("function").String(InfoOf(static_cast<Function>(node.detail)).name);
    const bool is_member = node.kind == NodeKind::kSelect || node.kind == NodeKind::kHasMember || node.kind == NodeKind::kOptionalSelect;
    if (is_member) json_.Key("member").String(graph_.constant(node.index).string());
    if (BindsVariable(node.kind)) json_.Key("variable").String(VariableName(node));
    json_.Key("args").Open('[');
    for (const NodeId arg : args) {
      if (arg.valid()) Write(arg);
    }
    json_.Close(']');
  }

  const Graph& graph_;
  const TypeTable& types_;
  const std::size_t max_bytes_;
  JsonWriter json_;
};

}  // namespace

std::optional<std::string> WriteResidualText(const ResidualGraph& graph, NodeId root, std::size_t max_bytes) {
  draft::Program draft;
  const NodeId roots[] = {root};
  ProgramNodes nodes(graph.graph(), graph.types(), draft, roots, Sharing::kNo);
  const NodeId written = nodes.Write(root);
  return TryNodeText(BuildProgram(draft), written, std::min(max_bytes, kMaxNodeTextBytes));
}

std::optional<Residual> WriteResidual(const ResidualGraph& graph, NodeId root, std::size_t max_bytes) {
  std::optional<std::string> text = WriteResidualText(graph, root, max_bytes);
  if (!text) return std::nullopt;
  const std::size_t room = max_bytes - text->size();
  Residual residual{.cel = std::move(*text), .tree_json = {}};
  TreeWriter(graph, room, residual.tree_json).Write(root);
  if (residual.tree_json.size() > room) return std::nullopt;
  return residual;
}

}  // namespace writ
