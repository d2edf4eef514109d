(block body: (body) @function.inside) @function.around
(net body: (body) @class.inside) @class.around
(parameter) @parameter.inside
(argument) @parameter.inside
(comment) @comment.inside
(comment)+ @comment.around
