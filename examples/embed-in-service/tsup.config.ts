import { program } from '../../house/tsup.ts'

export default program({ main: 'src/main.ts' })
