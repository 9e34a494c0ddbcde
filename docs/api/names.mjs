import { Converter, ReflectionKind } from 'typedoc';

/** Names that readers know: a module has that of its import, and a parameter that is taken apart where it is declared is options. */
export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_PARAMETER, (_context, parameter) => {
    if (parameter.name === '__namedParameters') parameter.name = 'options';
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      module.name = module.name.replace('protocol/src', 'protocol').replace('sdk/src/', '');
    }
  });
}
